/** A map takes several times as long for keys that are no small integers: most pairs become one. */
const [smallFirst, smallSecond] = [2 ** 16, 2 ** 15];
const [largeFirst, largeSecond] = [2 ** 21, 2 ** 32];

/**
 * A number for each pair of whole numbers from −1 on, counted as they come; so lists get one, too,
 * element by element. A list begins with −1: what begins with a number of another kind would be taken
 * for what follows the list of that number.
 */
export function numbersOfPairs(): (first: number, second: number) => number {
  const numbers = new Map<number | string, number>();
  return (first, second) => {
    const key = keyOf(first + 1, second + 1);
    let number = numbers.get(key);
    if (number === undefined) numbers.set(key, (number = numbers.size));
    return number;
  };
}

function keyOf(first: number, second: number): number | string {
  if (first < smallFirst && second < smallSecond) return first * smallSecond + second;
  return first < largeFirst && second < largeSecond
    ? -(first * largeSecond + second) - 1
    : `${first} ${second}`;
}
