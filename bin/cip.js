#!/usr/bin/env node
import { main } from '../dist/cip.js';

process.exitCode = await main('cip', process.argv.slice(2));
