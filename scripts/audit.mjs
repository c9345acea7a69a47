// Reports known vulnerabilities of the packages that users install, and exits with 1 on high or critical ones. When the registry does not
// answer it says so and exits with 0.
import { spawnSync } from 'node:child_process';

const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
  timeout: 60_000,
  shell: process.platform === 'win32',
});

/** A report has `vulnerabilities`. Without a registry, or without this endpoint, the output is an error or empty. */
function reportIn(text) {
  try {
    const report = JSON.parse(text);
    return report.vulnerabilities && report.metadata ? report : undefined;
  } catch {
    return undefined;
  }
}

const report = reportIn(stdout ?? '');
if (!report) {
  console.log('audit: not checked, because the registry does not answer');
  process.exit(0);
}
const { high = 0, critical = 0, total = 0 } = report.metadata.vulnerabilities;
for (const { name, severity, range } of Object.values(report.vulnerabilities))
  console.log(`audit: ${severity} ${name} ${range}`);
console.log(`audit: ${total} known vulnerabilities in production dependencies, ${high + critical} high or critical`);
process.exit(high + critical > 0 ? 1 : 0);
