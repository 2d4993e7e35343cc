/** Makes homes.csv: rents by what a home is like, times what its town costs, with noise of 4 % (root mean square). */
import { writeFileSync } from "node:fs";

let seed = 9; // a linear congruential generator: the same homes at every run
const random = () => (seed = (1664525 * seed + 1013904223) % 2 ** 32) / 2 ** 32;
const towns =
  "Aldern Brook Carrow Dell Esk Fallow Garth Holm Ingle Jarrow Kelm Lode Marsh Nesse Orton Perry";
const levels = towns.split(" ").map((town) => [town, 0.6 + 1.2 * random() ** 2]);
const rows = Array.from({ length: 320 }, () => {
  const [town, level] = levels[Math.floor(levels.length * random())];
  const area = Math.round(25 + 125 * random() ** 2);
  const rooms = Math.max(1, Math.round(area / 28 + random() - 0.5));
  const year = 1900 + Math.floor(120 * random());
  const balcony = random() < 0.4 ? "yes" : "no";
  // Small homes cost more by the square metre, and very old ones are dear again.
  const like =
    160 + 7.5 * area + 30 * rooms + 0.04 * (year - 1945) ** 2 + (balcony === "yes" ? 60 : 0);
  const rent = like * level * (1 + 0.14 * (random() - 0.5));
  return [area, rooms, year, balcony, town, Math.round(rent)].join();
});
const table = `area,rooms,year,balcony,town,rent\n${rows.join("\n")}\n`;
writeFileSync(process.argv[2] ?? new URL("homes.csv", import.meta.url), table);
