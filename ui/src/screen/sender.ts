import { add, type Gesture } from './gestures';

/** What one request holds. */
export interface Batch {
  client: string;
  seq: number;
  gestures: Gesture[];
}

const most = 100;
const pauses = [300, 1000, 2000, 4000];

/** Whether the server has refused what was sent; else it may not have got it. */
const refused = (status: number) => status >= 400 && status < 500 && status !== 408 && status !== 429;

/**
 * Sends what a person does, in order, one request after the other; what comes meanwhile goes together into the next.
 * A request of which it is unknown whether it arrived is sent again under its number, so that it is done once.
 */
export class Sender {
  private client = crypto.randomUUID();
  private seq = 0;
  private waiting: Gesture[] = [];
  private busy = false;
  private stopped = false;

  constructor(
    /** Sends a batch and gives the status of the answer; it throws if there was none. */
    private readonly post: (b: Batch) => Promise<{ status: number; message?: string }>,
    /** Is told what went wrong, and that nothing does any more. */
    private readonly trouble: (message: string) => void,
    private readonly pause = (ms: number) => new Promise((f) => window.setTimeout(f, ms)),
  ) {}

  send(gestures: readonly Gesture[]) {
    add(this.waiting, gestures);
    if (!this.busy) void this.run();
  }

  stop() {
    this.stopped = true;
    this.waiting = [];
  }

  private async run() {
    this.busy = true;
    while (this.waiting.length && !this.stopped) {
      const batch: Batch = { client: this.client, seq: ++this.seq, gestures: this.waiting.splice(0, most) };
      for (let tries = 0; !this.stopped; tries++) {
        let status = 0;
        let message: string | undefined;
        try {
          ({ status, message } = await this.post(batch));
        } catch {
          // The answer was lost.
        }
        if (status >= 200 && status < 300) {
          this.trouble('');
          break;
        }
        if (refused(status)) {
          this.trouble(message ?? 'The page does not take what you did.');
          this.client = crypto.randomUUID(); // what was refused is not done; what comes next begins anew
          this.seq = 0;
          break;
        }
        this.trouble('The server cannot be reached; what you did is sent again.');
        await this.pause(pauses[Math.min(tries, pauses.length - 1)] ?? 4000);
      }
    }
    this.busy = false;
  }
}
