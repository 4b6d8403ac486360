/**
 * Simulated time, in whole milliseconds from 0. Whatever happens at one moment happens in the order in which it was put there, so a run is
 * the same each time. Promises that follow from an event settle before the next moment comes.
 */
export class Timeline {
	now = 0;
	readonly #moments: ((() => void)[] | undefined)[] = [];

	after(ms: number, action: () => void): void {
		const moment = this.now + Math.max(0, Math.round(ms));
		const known = this.#moments[moment];
		if (known) known.push(action);
		else this.#moments[moment] = [action];
	}

	/** Until what it answers is called. */
	timer(ms: number, action: () => void): () => void {
		let isOn = true;
		this.after(ms, () => {
			if (isOn) action();
		});
		return () => {
			isOn = false;
		};
	}

	wait(ms: number): Promise<void> {
		return new Promise((resolve) => this.after(ms, resolve));
	}

	/** Until nothing is left to happen. */
	async run(): Promise<void> {
		for (; this.now < this.#moments.length; this.now++) {
			for (let due = this.#moments[this.now]; due !== undefined; due = this.#moments[this.now]) {
				this.#moments[this.now] = undefined;
				for (const action of due) action();
				await new Promise<void>((resolve) => process.nextTick(resolve)); // runs when no promise has anything left to do
			}
		}
	}
}
