/**
 * Generated from core/words.ts by tools/generate/words.mjs: random words of numbers. Every engine
 * gives the same bits.
 */

/** Threefry of a key and a counter, of which all words count modulo 2^32; unsigned. */
export function threefry2x32(
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
): [number, number] {
  const t0 = (key0 ^ key1) ^ 466688986;
  const t1 = counter0 + key0 | 0;
  const t2 = counter1 + key1 | 0;
  const t3 = t1 + t2 | 0;
  const t4 = (t2 << 13 | t2 >>> 19) ^ t3;
  const t5 = t3 + t4 | 0;
  const t6 = (t4 << 15 | t4 >>> 17) ^ t5;
  const t7 = t5 + t6 | 0;
  const t8 = (t6 << 26 | t6 >>> 6) ^ t7;
  const t9 = t7 + t8 | 0;
  const t10 = (t8 << 6 | t8 >>> 26) ^ t9;
  const t11 = t9 + key1 | 0;
  const t12 = t10 + t0 + 1 | 0;
  const t13 = t11 + t12 | 0;
  const t14 = (t12 << 17 | t12 >>> 15) ^ t13;
  const t15 = t13 + t14 | 0;
  const t16 = (t14 << 29 | t14 >>> 3) ^ t15;
  const t17 = t15 + t16 | 0;
  const t18 = (t16 << 16 | t16 >>> 16) ^ t17;
  const t19 = t17 + t18 | 0;
  const t20 = (t18 << 24 | t18 >>> 8) ^ t19;
  const t21 = t19 + t0 | 0;
  const t22 = t20 + key0 + 2 | 0;
  const t23 = t21 + t22 | 0;
  const t24 = (t22 << 13 | t22 >>> 19) ^ t23;
  const t25 = t23 + t24 | 0;
  const t26 = (t24 << 15 | t24 >>> 17) ^ t25;
  const t27 = t25 + t26 | 0;
  const t28 = (t26 << 26 | t26 >>> 6) ^ t27;
  const t29 = t27 + t28 | 0;
  const t30 = (t28 << 6 | t28 >>> 26) ^ t29;
  const t31 = t29 + key0 | 0;
  const t32 = t30 + key1 + 3 | 0;
  const t33 = t31 + t32 | 0;
  const t34 = (t32 << 17 | t32 >>> 15) ^ t33;
  const t35 = t33 + t34 | 0;
  const t36 = (t34 << 29 | t34 >>> 3) ^ t35;
  const t37 = t35 + t36 | 0;
  const t38 = (t36 << 16 | t36 >>> 16) ^ t37;
  const t39 = t37 + t38 | 0;
  const t40 = (t38 << 24 | t38 >>> 8) ^ t39;
  const t41 = t39 + key1 | 0;
  const t42 = t40 + t0 + 4 | 0;
  const t43 = t41 + t42 | 0;
  const t44 = (t42 << 13 | t42 >>> 19) ^ t43;
  const t45 = t43 + t44 | 0;
  const t46 = (t44 << 15 | t44 >>> 17) ^ t45;
  const t47 = t45 + t46 | 0;
  const t48 = (t46 << 26 | t46 >>> 6) ^ t47;
  const t49 = t47 + t48 | 0;
  const t50 = (t48 << 6 | t48 >>> 26) ^ t49;
  const t51 = t49 + t0 | 0;
  const t52 = t50 + key0 + 5 | 0;
  return [t51 >>> 0, t52 >>> 0];
}

/** The entry that is exchanged with entry i < 2^31 in an epoch's order. */
export function partnerAt(key0: number, key1: number, i: number, epoch: number): number {
  const t0 = key1 ^ 1936225638;
  const t1 = (key0 ^ t0) ^ 466688986;
  const t2 = i + key0 | 0;
  const t3 = epoch + t0 | 0;
  const t4 = t2 + t3 | 0;
  const t5 = (t3 << 13 | t3 >>> 19) ^ t4;
  const t6 = t4 + t5 | 0;
  const t7 = (t5 << 15 | t5 >>> 17) ^ t6;
  const t8 = t6 + t7 | 0;
  const t9 = (t7 << 26 | t7 >>> 6) ^ t8;
  const t10 = t8 + t9 | 0;
  const t11 = (t9 << 6 | t9 >>> 26) ^ t10;
  const t12 = t10 + t0 | 0;
  const t13 = t11 + t1 + 1 | 0;
  const t14 = t12 + t13 | 0;
  const t15 = (t13 << 17 | t13 >>> 15) ^ t14;
  const t16 = t14 + t15 | 0;
  const t17 = (t15 << 29 | t15 >>> 3) ^ t16;
  const t18 = t16 + t17 | 0;
  const t19 = (t17 << 16 | t17 >>> 16) ^ t18;
  const t20 = t18 + t19 | 0;
  const t21 = (t19 << 24 | t19 >>> 8) ^ t20;
  const t22 = t20 + t1 | 0;
  const t23 = t21 + key0 + 2 | 0;
  const t24 = t22 + t23 | 0;
  const t25 = (t23 << 13 | t23 >>> 19) ^ t24;
  const t26 = t24 + t25 | 0;
  const t27 = (t25 << 15 | t25 >>> 17) ^ t26;
  const t28 = t26 + t27 | 0;
  const t29 = (t27 << 26 | t27 >>> 6) ^ t28;
  const t30 = t28 + t29 | 0;
  const t31 = (t29 << 6 | t29 >>> 26) ^ t30;
  const t32 = t30 + key0 | 0;
  const t33 = t31 + t0 + 3 | 0;
  const t34 = t32 + t33 | 0;
  const t35 = (t33 << 17 | t33 >>> 15) ^ t34;
  const t36 = t34 + t35 | 0;
  const t37 = (t35 << 29 | t35 >>> 3) ^ t36;
  const t38 = t36 + t37 | 0;
  const t39 = (t37 << 16 | t37 >>> 16) ^ t38;
  const t40 = t38 + t39 | 0;
  const t41 = (t39 << 24 | t39 >>> 8) ^ t40;
  const t42 = t40 + t0 | 0;
  const t43 = t41 + t1 + 4 | 0;
  const t44 = t42 + t43 | 0;
  const t45 = (t43 << 13 | t43 >>> 19) ^ t44;
  const t46 = t44 + t45 | 0;
  const t47 = (t45 << 15 | t45 >>> 17) ^ t46;
  const t48 = t46 + t47 | 0;
  const t49 = (t47 << 26 | t47 >>> 6) ^ t48;
  const t50 = t48 + t49 | 0;
  const t52 = t50 + t1 | 0;
  const t54 = i + 1 | 0;
  return Math.floor(((t52 >>> 16) * t54 + Math.floor(((t52 & 65535) * t54) / 65536)) / 65536);
}
