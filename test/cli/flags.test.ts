import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/cli/process/arguments.ts';
import { flagsHelp, parseServeFlags } from '../../src/cli/process/flags.ts';

/** Each flag with a value and the option that it sets. */
const VALUES: readonly (readonly [flag: string, text: string, option: string, value: unknown])[] = [
  ['port', '4100', 'port', 4100],
  ['host', '::1', 'host', '::1'],
  ['schema', 'schema.graphql', 'schema', 'schema.graphql'],
  ['max-items', '7', 'maxItems', 7],
  ['max-bytes', '7', 'maxBytes', 7],
  ['window', '7', 'window', 7],
  ['ttl', '7', 'ttl', 7],
  ['max-value-bytes', '7', 'maxValueBytes', 7],
  ['max-batch', '7', 'maxBatch', 7],
  ['max-batch-bytes', '7', 'maxBatchBytes', 7],
  ['max-message-bytes', '7', 'maxMessageBytes', 7],
  ['max-connections', '7', 'maxConnections', 7],
  ['max-subscriptions', '7', 'maxSubscriptions', 7],
  ['init-timeout', '7', 'initTimeoutMs', 7000],
  ['insert-rate', '7', 'insertRate', 7],
  ['data', './kept', 'data', './kept'],
  ['nats', 'nats://a:1,tls://b', 'nats', ['nats://a:1', 'tls://b']],
  ['stream', 'a', 'stream', 'a'],
  ['engine-timeout', '7', 'engineTimeoutMs', 7000],
  ['nats-replicas', '3', 'natsReplicas', 3],
  ['nats-creds', 'a', 'natsCreds', 'a'],
  ['nats-nkey', 'a', 'natsNkey', 'a'],
  ['nats-tls-ca', 'a', 'natsTlsCa', 'a'],
  ['nats-tls-cert', 'a', 'natsTlsCert', 'a'],
  ['nats-tls-key', 'a', 'natsTlsKey', 'a'],
  ['jwks', 'https://a.example/keys', 'jwks', 'https://a.example/keys'],
  ['jwt-secret', 'secret', 'jwtSecret', 'secret'],
  ['jwt-audience', 'a', 'jwtAudience', 'a'],
  ['jwt-issuer', 'a', 'jwtIssuer', 'a'],
  ['jwt-cookie', 'a', 'jwtCookie', 'a'],
  ['allow-origin', 'https://a.example', 'allowOrigins', ['https://a.example']],
  ['allow-origin', 'capacitor://localhost', 'allowOrigins', ['capacitor://localhost']],
  ['allow-origin', 'https://*.example.org', 'allowOrigins', ['https://*.example.org']],
  ['allow-origin', '*', 'allowOrigins', ['*']],
  ['log-level', 'warn', 'logLevel', 'warn'],
  ['drain-timeout', '7', 'drainTimeoutMs', 7000],
];

const SWITCHES: readonly (readonly [flag: string, option: string, on: boolean])[] = [
  ['open', 'open', true],
  ['trust-proxy', 'trustProxy', true],
  ['federation', 'federation', true],
  ['no-graphiql', 'graphiql', false],
  ['no-console', 'console', false],
  ['no-introspection', 'introspection', false],
  ['no-fan-out', 'fanOut', false],
];

const variableOf = (flag: string): string => `SEAMLINE_${flag.toUpperCase().replaceAll('-', '_')}`;

describe('the flags of serve', () => {
  it.each(VALUES)('--%s %s can be set by its environment variable too', (flag, text, option, value) => {
    expect(parseServeFlags([`--${flag}`, text], {})).toHaveProperty(option, value);
    expect(parseServeFlags([`--${flag}=${text}`], {})).toHaveProperty(option, value);
    expect(parseServeFlags([], { [variableOf(flag)]: text })).toHaveProperty(option, value);
  });

  it.each(VALUES)(
    '--%s %s takes precedence over its environment variable, even an invalid one',
    (flag, text, option, value) => {
      const other = flag === 'host' ? '::2' : 'nonsense';
      expect(parseServeFlags([`--${flag}`, text], { [variableOf(flag)]: other })).toHaveProperty(option, value);
    },
  );

  it.each(SWITCHES)('--%s can be set by its environment variable too', (flag, option, on) => {
    expect(parseServeFlags([`--${flag}`], {})).toHaveProperty(option, on);
    expect(parseServeFlags([`--${flag}`], { [variableOf(flag)]: 'false' })).toHaveProperty(option, on);
    for (const text of ['1', 'true', 'yes', 'on', 'TRUE'])
      expect(parseServeFlags([], { [variableOf(flag)]: text })).toHaveProperty(option, on);
    const off = parseServeFlags([], {});
    for (const text of ['0', 'false', 'no', 'off', ''])
      expect(parseServeFlags([], { [variableOf(flag)]: text })).toEqual({
        ...off,
        ...(on && text !== '' && { [option]: false }),
      });
  });

  it('options without a flag or variable are left to the server', () => {
    const given = Object.entries(parseServeFlags([], {})).filter(([, value]) => value !== undefined);
    expect(Object.fromEntries(given)).toEqual({
      graphiql: true,
      console: true,
      introspection: true,
      fanOut: true,
      logLevel: 'info',
    });
  });

  it('PORT is read, and SEAMLINE_PORT takes precedence', () => {
    expect(parseServeFlags([], { PORT: '4100' }).port).toBe(4100);
    expect(parseServeFlags([], { PORT: '4100', SEAMLINE_PORT: '4200' }).port).toBe(4200);
    expect(parseServeFlags(['--port', '4300'], { PORT: '4100', SEAMLINE_PORT: '4200' }).port).toBe(4300);
  });

  it.each(['tcp://10.96.17.4:80', 'udp://10.96.17.4:80', 'tcp://[fd00::1]:80'])(
    '%s is ignored: Kubernetes and Docker set it for a service called seamline',
    (address) => {
      expect(parseServeFlags([], { SEAMLINE_PORT: address })).toEqual(parseServeFlags([], {}));
      expect(parseServeFlags([], { SEAMLINE_PORT: address, PORT: '4100' }).port).toBe(4100);
      expect(parseServeFlags([], { SEAMLINE_PORT: address, PORT: address }).port).toBeUndefined();
      expect(() => parseServeFlags([`--port=${address}`], {})).toThrow('--port');
      // Kubernetes sets no variable of this name, so a user wrote it: it must not be ignored silently.
      expect(parseServeFlags([], { SEAMLINE_NATS: address })).toHaveProperty('nats', [address]);
    },
  );

  it('no variable that Kubernetes sets for a service sets a flag', () => {
    const flags = [...VALUES, ...SWITCHES].map(([flag]) => flag);
    const parts = flags.flatMap((flag) => flag.split('-').map((_, n, words) => words.slice(0, n + 1).join('-')));
    for (const service of ['seamline', ...parts.map((part) => `seamline-${part}`)]) {
      const name = service.toUpperCase().replaceAll('-', '_');
      const env = {
        [`${name}_SERVICE_HOST`]: '10.96.17.4',
        [`${name}_SERVICE_PORT`]: '80',
        [`${name}_SERVICE_PORT_HTTP`]: '80',
        [`${name}_PORT`]: 'tcp://10.96.17.4:80',
        [`${name}_PORT_80_TCP`]: 'tcp://10.96.17.4:80',
        [`${name}_PORT_80_TCP_PROTO`]: 'tcp',
        [`${name}_PORT_80_TCP_PORT`]: '80',
        [`${name}_PORT_80_TCP_ADDR`]: '10.96.17.4',
        // Links of Docker set the same.
        [`${name}_NAME`]: '/app/seamline',
        [`${name}_ENV_NODE_VERSION`]: '24',
      };
      expect(parseServeFlags([], env)).toEqual(parseServeFlags([], {}));
    }
  });

  it('--allow-origin accepts several origins', () => {
    const allowOrigins = ['https://a.example', 'http://localhost:3000'];
    const flags = allowOrigins.flatMap((origin) => ['--allow-origin', origin]);
    expect(parseServeFlags(flags, {}).allowOrigins).toEqual(allowOrigins);
    for (const separator of [',', ' ', ', '])
      expect(parseServeFlags([], { SEAMLINE_ALLOW_ORIGIN: allowOrigins.join(separator) }).allowOrigins).toEqual(
        allowOrigins,
      );
  });

  it('an empty environment variable is ignored', () => {
    const env = Object.fromEntries(VALUES.map(([flag]) => [variableOf(flag), '']));
    expect(parseServeFlags([], env)).toEqual(parseServeFlags([], {}));
  });

  it.each([
    ['port', '65536'],
    ['port', '-1'],
    ['port', '0x10'],
    ['port', ' 1'],
    ['max-items', '0'],
    ['max-bytes', '0'],
    ['window', '0'],
    ['ttl', '0'],
    ['ttl', '2147483648'],
    ['max-value-bytes', '0'],
    ['max-batch', '1001'],
    ['max-batch-bytes', '1.5'],
    ['max-message-bytes', '1e3'],
    ['max-connections', '0'],
    ['max-subscriptions', '0'],
    ['max-items', '9007199254740992'],
    ['allow-origin', 'example.org'],
    ['allow-origin', 'https://a.example/'],
    ['init-timeout', '0'],
    ['init-timeout', '301'],
    ['init-timeout', '0.5'],
    ['allow-origin', '*.example'],
    ['allow-origin', 'null'],
    ['allow-origin', 'https://*'],
    ['log-level', 'loud'],
    ['drain-timeout', '-1'],
  ])('--%s=%s is refused with the name of the flag or variable', (flag, text) => {
    expect(() => parseServeFlags([`--${flag}=${text}`], {})).toThrow(UsageError);
    expect(() => parseServeFlags([`--${flag}=${text}`], {})).toThrow(`--${flag}`);
    expect(() => parseServeFlags([], { [variableOf(flag)]: text })).toThrow(UsageError);
    expect(() => parseServeFlags([], { [variableOf(flag)]: text })).toThrow(variableOf(flag));
  });

  it.each([['nope'], ['--nope'], ['-x'], ['--port'], ['--open=yes'], ['--no-open'], ['--', 'nope']])(
    '%j is refused in one line',
    (...args) => {
      expect(() => parseServeFlags(args, {})).toThrow(UsageError);
      expect(() => parseServeFlags(args, {})).toThrow(/^\S.{5,120}$/);
    },
  );

  it.each(['2', 'maybe', 'x'])('%j is refused for a switch in the environment', (text) => {
    for (const [flag] of SWITCHES) {
      expect(() => parseServeFlags([], { [variableOf(flag)]: text })).toThrow(UsageError);
      expect(() => parseServeFlags([], { [variableOf(flag)]: text })).toThrow(variableOf(flag));
    }
  });

  it('every flag has a line in the help', () => {
    for (const [flag] of [...VALUES, ...SWITCHES]) expect(flagsHelp()).toMatch(new RegExp(`^  --${flag} .*\\S$`, 'm'));
  });
});
