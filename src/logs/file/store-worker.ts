/** The thread that owns the store. It executes one request after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import { serve } from './serve.ts';
import { Store } from './store.ts';

if (parentPort) serve(parentPort, new Store(String(workerData)));
