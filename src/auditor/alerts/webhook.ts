import { messageOf } from '../../base/errors.ts';
import type { SendAlert } from './alerter.ts';

export interface WebhookOptions {
  readonly url: string;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
  /** Called with the reason when an alert could not be delivered. */
  readonly onFailure: (reason: string) => void;
}

/** Alerts that wait for the webhook; more are dropped, and counted as failed. */
const MAX_WAITING = 100;
/** Milliseconds. */
const LIMIT = 30_000;

/** Sends alerts to a webhook one after the other, as JSON that Slack and its like take. */
export class AlertWebhook {
  readonly #options: WebhookOptions;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(options: WebhookOptions) {
    this.#options = options;
  }

  readonly send: SendAlert = (text) => {
    if (this.#waiting >= MAX_WAITING) return this.#options.onFailure('too many alerts wait for the webhook');
    this.#waiting += 1;
    this.#last = this.#last.then(() => this.#post(text)).finally(() => (this.#waiting -= 1));
  };

  /** Resolves when all alerts so far are delivered or have failed. */
  async drained(): Promise<void> {
    await this.#last;
  }

  async #post(text: string): Promise<void> {
    const { url, fetch, signal, onFailure } = this.#options;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ text: escapeMarkup(text) }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(LIMIT)]),
      });
      if (!response.ok) onFailure(`the webhook answered ${response.status}`);
    } catch (error) {
      onFailure(messageOf(error));
    }
  }
}

/**
 * Text without the markup of Slack: a repository named `<!channel>` must not notify everyone.
 *
 * @see https://docs.slack.dev/messaging/formatting-message-text/#escaping
 */
function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
