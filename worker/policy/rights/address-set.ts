import type { AddressBlock } from "../../catalog/address-block.ts";

/** Blocks of addresses, merged and sorted: a look-up is a binary search, whatever their number. */
export class AddressSet {
	readonly #blocks: readonly AddressBlock[];

	constructor(blocks: readonly AddressBlock[]) {
		this.#blocks = merged(blocks);
	}

	has(address: bigint): boolean {
		let [low, high] = [0, this.#blocks.length];
		while (low < high) {
			const middle = (low + high) >>> 1;
			const block = this.#blocks[middle];
			if (block === undefined) return false;
			if (address < block.first) high = middle;
			else if (address > block.last) low = middle + 1;
			else return true;
		}
		return false;
	}
}

function merged(blocks: readonly AddressBlock[]): AddressBlock[] {
	const result: AddressBlock[] = [];
	const sorted = blocks.toSorted((a, b) => (a.first < b.first ? -1 : Number(a.first > b.first)));
	for (const block of sorted) {
		const before = result.at(-1);
		if (before === undefined || block.first > before.last) result.push(block);
		else if (block.last > before.last) result[result.length - 1] = { first: before.first, last: block.last };
	}
	return result;
}
