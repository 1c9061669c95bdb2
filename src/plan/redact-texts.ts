import { assertNever } from '../base/errors.ts';
import type { HostFault } from '../base/host-fault.ts';
import type { PlanItem } from './plan.ts';
import type { RecordedPlan } from './recorded-plan.ts';

/**
 * A plan whose texts are told otherwise: reasons, which may quote what a registry answered, and messages. Names stay:
 * they are what is obeyed.
 */
export function redactTexts(plan: RecordedPlan, redact: (text: string) => string): RecordedPlan {
  return {
    ...plan,
    items: plan.items.map((item) => redactItem(item, redact)),
    findings: plan.findings.map(({ message, advice, ...finding }) => ({
      ...finding,
      message: redact(message),
      ...(advice !== undefined && { advice: redact(advice) }),
    })),
    malformed: plan.malformed.map(({ message, ...entry }) => ({ ...entry, message: redact(message) })),
  };
}

/** The item itself where it has no text: there are hundreds of thousands of them. */
function redactItem(item: PlanItem, redact: (text: string) => string): PlanItem {
  switch (item.decision) {
    case 'copy':
      return item.sourceFault === undefined ? item : { ...item, sourceFault: redact(item.sourceFault) };
    case 'lost':
      return item.doubt === undefined ? item : { ...item, doubt: redact(item.doubt) };
    case 'unreadable':
      return {
        ...item,
        reason: redact(item.reason),
        ...(item.fault && { fault: redactFault(item.fault, redact) }),
      };
    case 'blocked':
      return { ...item, reason: redact(item.reason) };
    case 'present':
    case 'add-tag':
    case 'tag-move':
    case 'conflict':
    case 'not-attempted':
      return item;
    default:
      return assertNever(item);
  }
}

function redactFault({ message, ...fault }: HostFault, redact: (text: string) => string): HostFault {
  return { ...fault, message: redact(message) };
}
