/** Values that are made when they are gone through, each time anew. */
export function lazily<T>(make: () => Generator<T>): Iterable<T> {
  return { [Symbol.iterator]: make };
}

/** The values that `keeps` is true of, made when they are gone through. */
export function filtered<T>(values: Iterable<T>, keeps: (value: T) => boolean): Iterable<T> {
  return lazily(function* () {
    for (const value of values) if (keeps(value)) yield value;
  });
}

/** The converted values, lazily. */
export function mapped<T, U>(values: Iterable<T>, convert: (value: T) => U): Iterable<U> {
  return lazily(function* () {
    for (const value of values) yield convert(value);
  });
}
