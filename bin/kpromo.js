#!/usr/bin/env node
import { main } from '../dist/cip.js';

// everything has been written by now; to leave it to node costs 100 ms, in which it waits for its compiler threads
process.exit(await main('kpromo', process.argv.slice(2)));
