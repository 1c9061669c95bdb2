import type { Cell } from './expectations.ts';
import { FAULTS } from './fault-table.ts';
import type { RequestClass } from './request-classes.ts';
import { type Run, runScene, type Trouble } from './scene.ts';

const TIMES = [1, 3, Infinity];

/** Every cell of a class of requests. */
export function cellsOf(request: RequestClass): Cell[] {
  const faults = FAULTS.filter(({ hits }) => hits !== 'request body' || request.sends !== undefined);
  return faults.flatMap((fault) => TIMES.map((times) => ({ request, fault, times })));
}

export function nameOf({ request, fault, times }: Cell): string {
  return `${request.name}: ${fault.name}, ${times === Infinity ? 'for ever' : `${times} times`}`;
}

/** A promotion in which the fault of the cell happens. */
export function runCell({ request, fault, times }: Cell): Promise<Run> {
  const { side, method, path, anonymous, bytes } = request;
  return runScene((clock, hosts): Trouble => {
    const act = fault.act({ clock, host: hosts[side].host, bytes });
    if (act !== 'refused') {
      return { faults: [{ side, method, path, times, act, ...(anonymous && { anonymous }) }] };
    }
    const concerns: NonNullable<Trouble['refusal']>['concerns'] = ({ method: asked, url, headers }) =>
      asked === method &&
      path.test(url.pathname + url.search) &&
      (anonymous === undefined || headers['authorization'] === undefined);
    return { refusal: { side, times, concerns } };
  });
}
