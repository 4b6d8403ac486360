import * as v from "valibot";

/* What records are made of; the messages are what a publisher reads beside the place of a mistake. */

export const string = v.string("must be a string");
export const flag = v.boolean("must be true or false");

export const text = (most: number) => v.pipe(string, v.maxLength(most, `must be at most ${most} characters`));
export const filled = (most: number) => v.pipe(text(most), v.minLength(1, "must not be empty"));

export const whole = (least: number, most: number) =>
	v.pipe(
		v.number("must be a number"),
		v.integer("must be a whole number"),
		v.minValue(least, `must be at least ${least}`),
		v.maxValue(most, `must be at most ${most}`),
	);

export const list = <S extends v.GenericSchema>(item: S, most: number) =>
	v.pipe(v.array(item, "must be a list"), v.maxLength(most, `must have at most ${most} entries`));
