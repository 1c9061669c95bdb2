import type { Cell } from './expectations.ts';
import { FAULTS } from './fault-table.ts';
import type { TroubledRequest } from './request-classes.ts';
import type { StagePlan, Trouble } from './stage.ts';

const TIMES = [1, 3, Infinity];

/** Every cell of a class of requests. */
export function cellsOf<Request extends TroubledRequest>(request: Request): Cell<Request>[] {
  const faults = FAULTS.filter(({ hits }) => hits !== 'request body' || request.sends !== undefined);
  return faults.flatMap((fault) => TIMES.map((times) => ({ request, fault, times })));
}

export function nameOf({ request, fault, times }: Cell<TroubledRequest>): string {
  return `${request.name}: ${fault.name}, ${times === Infinity ? 'for ever' : `${times} times`}`;
}

/** The fault of the cell. */
export function troubleOf(cell: Cell<TroubledRequest>): StagePlan['makeTrouble'] {
  const { request, fault, times } = cell;
  const { side, method, path, anonymous, skip = 0, bytes } = request;
  return (clock, hosts): Trouble => {
    const act = fault.act({ clock, host: hosts[side].host, bytes });
    if (act === 'refused') return { refusal: { side, times, concerns: afterSome(skip, concernOf(request)) } };
    return { faults: [{ side, method, path, skip, times, act, ...(anonymous && { anonymous }) }] };
  };
}

type Concern = NonNullable<Trouble['refusal']>['concerns'];

function concernOf({ method, path, anonymous }: TroubledRequest): Concern {
  return ({ method: asked, url, headers }) =>
    asked === method &&
    path.test(url.pathname + url.search) &&
    (anonymous === undefined || headers['authorization'] === undefined);
}

function afterSome(count: number, isIt: Concern): Concern {
  let left = count;
  return (request) => {
    if (!isIt(request)) return false;
    left -= 1;
    return left < 0;
  };
}
