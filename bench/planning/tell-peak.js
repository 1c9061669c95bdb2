// Loaded into a process that is measured: at its end it tells the most memory that the process has had, in bytes.
import { writeFileSync } from 'node:fs';

process.on('exit', () => {
  writeFileSync(process.env.BENCH_PEAK, String(process.resourceUsage().maxRSS * 1024));
});
