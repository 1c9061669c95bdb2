#!/usr/bin/env node
import { main } from '../dist/cip.js';

process.exitCode = await main('kpromo', process.argv.slice(2));
