/** With a manifest only its documents run, whichever door a request comes through. */
import { createHash } from 'node:crypto';
import { createClient as createSseClient } from 'graphql-sse';
import { getIntrospectionQuery, print } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import * as documents from '../../schema/documents/graphql.ts';
import { resumable } from '../../src/client/index.ts';
import type { SeamlineServer } from '../../src/server/server.ts';
import type { TrustedDocuments } from '../../src/transports/trusted-documents.ts';
import { overClient, readEvents, request, type Result, webSocketClient } from '../support/clients.ts';
import { PROTOTYPE_NAMES } from '../support/hostile.ts';
import { DEFAULT_EXPORT_QUERY } from '../support/hostile.ts';
