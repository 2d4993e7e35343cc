/**
 * Generated from the other files of this folder by tools/generate/elementary.mjs: the elementary
 * functions for one number. Every engine gives the same bits.
 */
import { reduceLarge } from "./pi.ts";

const real = new Float64Array(1);
const half = new Int32Array(real.buffer);
/** Where the sign and the exponent are depends on the processor. */
const high = new Uint8Array(new Uint16Array([1]).buffer)[0];
const low = 1 - high;

export function exp(x: number): number {
  const t0 = 710 < x ? 710 : x;
  const t1 = t0 < -746 ? -746 : t0;
  const t2 = t1 * 1.4426950408889634 + 6755399441057790;
  const t3 = t2 - 6755399441057790;
  const t4 = t1 - t3 * 0.6931471803691238;
  const t5 = t3 * 1.9082149292705877e-10;
  const t6 = t4 - t5;
  const t7 = t6 * t6;
  const t8 = t7 * t7;
  const t9 = t8 * t8;
  real[0] = t2;
  const i10 = half[high];
  const i11 = half[low];
  const i13 = i11 >>> 1 | i10 << 31;
  half[high] = i13 << 20; half[low] = 0;
  const t14 = real[0];
  const i15 = i11 - i13 | 0;
  half[high] = i15 << 20; half[low] = 0;
  const t16 = real[0];
  return (t9 * (t7 * (t6 * 2.5062e-8 + 2.7626035e-7) + (t6 * 0.00000275573765 + 0.00002480150527)) + (t8 * (t7 * (t6 * 0.000198412697616 + 0.001388888893164) + (t6 * 0.0083333333333647 + 0.0416666666665757)) + t7 * (t6 * 0.1666666666666664 + 0.5000000000000006)) - t5 + t4 + 1) * t14 * t16;
}

export function expm1(x: number): number {
  const t0 = 710 < x ? 710 : x;
  const t1 = t0 < -40 ? -40 : t0;
  const t2 = t1 * 1.4426950408889634 + 6755399441056766;
  const t3 = t2 - 6755399441056766;
  const t4 = t1 - t3 * 0.6931471803691238;
  const t5 = t3 * 1.9082149292705877e-10;
  const t6 = t4 - t5;
  const t7 = t6 * t6;
  const t8 = t7 * t7;
  const t9 = t8 * t8;
  real[0] = t2;
  const i11 = half[low];
  const i12 = i11 << 20;
  half[high] = i12; half[low] = 0;
  const t13 = real[0];
  const t14 = t13 - 0.5;
  const t15 = t13 * t4;
  const t16 = t14 + t15;
  const t17 = (t9 * (t7 * (t6 * 2.5062e-8 + 2.7626035e-7) + (t6 * 0.00000275573765 + 0.00002480150527)) + (t8 * (t7 * (t6 * 0.000198412697616 + 0.001388888893164) + (t6 * 0.0083333333333647 + 0.0416666666665757)) + t7 * (t6 * 0.1666666666666664 + 0.5000000000000006)) - t5) * t13 + (t15 - (t16 - t14)) + t16;
  real[0] = x;
  const i18 = half[high];
  real[0] = Math.abs(t17 + t17); half[high] |= i18 & -2147483648;
  const t20 = real[0];
  return t20;
}

export function tanh(x: number): number {
  const t0 = Math.abs(x);
  const t1 = 20 < t0 ? 20 : t0;
  const t2 = t1 * 2.8853900817779268 + 6755399441056767;
  const t3 = t1 * 2.8853900817779268 + (6755399441056767 - t2);
  real[0] = t2;
  const i5 = half[low];
  const i6 = i5 << 20;
  const t7 = t3 * t3;
  const t8 = t7 * t7;
  const t9 = t8 * t8;
  half[high] = i6; half[low] = 0;
  const t10 = real[0];
  const t11 = x * x;
  const t12 = t11 * t11;
  const t13 = t12 * t12;
  const t14 = t13 * t13;
  real[0] = x;
  const i15 = half[high];
  real[0] = 1 - 2 / ((t9 * (t7 * (t3 * 4.447293555314937e-10 + 7.072503452676856e-9) + (t3 * 1.0178107163699357e-7 + 0.0000013215443079742017)) + (t8 * (t7 * (t3 * 0.00001525273374281462 + 0.00015403530440794905) + (t3 * 0.0013333558146478629 + 0.009618129107607478)) + (t7 * (t3 * 0.055504108664821486 + 0.24022650695910097) + t3 * 0.6931471805599453))) * t10 + (t10 + 1)); half[high] |= i15 & -2147483648;
  const t17 = real[0];
  const m18 = t1 < 0.549306144334;
  return m18 ? (t14 * (t12 * 0.000051084216 + (t11 * -0.0002103921513 + 0.0005791913054)) + (t13 * (t12 * (t11 * -0.00145323483174 + 0.00359172330884) + (t11 * -0.008863194946714 + 0.0218694860074246)) + (t12 * (t11 * -0.0539682538774332 + 0.1333333333317145) + t11 * -0.3333333333333233))) * x + x : t17;
}

export function sinh(x: number): number {
  const t0 = Math.abs(x);
  const t1 = 711 < t0 ? 711 : t0;
  const t2 = t1 * 1.4426950408889634 + 6755399441056765;
  const t3 = t2 - 6755399441056765;
  const t4 = t1 - t3 * 0.6931471803691238;
  const t5 = t3 * 1.9082149292705877e-10;
  const t6 = t4 - t5;
  const t7 = t6 * t6;
  const t8 = t7 * t7;
  const t9 = t8 * t8;
  real[0] = t2;
  const i11 = half[low];
  const i12 = i11 << 20;
  const t13 = t4 + 1;
  const t14 = t4 - (t13 - 1) + (t9 * (t7 * (t6 * 2.5062e-8 + 2.7626035e-7) + (t6 * 0.00000275573765 + 0.00002480150527)) + (t8 * (t7 * (t6 * 0.000198412697616 + 0.001388888893164) + (t6 * 0.0083333333333647 + 0.0416666666665757)) + t7 * (t6 * 0.1666666666666664 + 0.5000000000000006)) - t5);
  half[high] = i12; half[low] = 0;
  const t15 = real[0];
  const t16 = t13 * t15 - (0.0625 / ((t13 + t14) * t15) - t14 * t15);
  const t17 = x * x;
  const t18 = t17 * t17;
  const t19 = t18 * t18;
  const t20 = t19 * t19;
  real[0] = x;
  const i21 = half[high];
  real[0] = t16 + t16; half[high] |= i21 & -2147483648;
  const t23 = real[0];
  const m24 = Math.abs(x) < 1;
  return m24 ? (t20 * (t17 * 8.220635246624331e-18 + 2.811457254345521e-15) + (t19 * (t18 * (t17 * 7.647163731819817e-13 + 1.6059043836821616e-10) + (t17 * 2.505210838544172e-8 + 0.0000027557319223985893)) + (t18 * (t17 * 0.0001984126984126984 + 0.008333333333333333) + t17 * 0.16666666666666666))) * x + x : t23;
}

export function cosh(x: number): number {
  const t0 = Math.abs(x);
  const t1 = 711 < t0 ? 711 : t0;
  const t2 = t1 * 1.4426950408889634 + 6755399441056765;
  const t3 = t2 - 6755399441056765;
  const t4 = t1 - t3 * 0.6931471803691238;
  const t5 = t3 * 1.9082149292705877e-10;
  const t6 = t4 - t5;
  const t7 = t6 * t6;
  const t8 = t7 * t7;
  const t9 = t8 * t8;
  real[0] = t2;
  const i11 = half[low];
  const i12 = i11 << 20;
  const t13 = t4 + 1;
  const t14 = t4 - (t13 - 1) + (t9 * (t7 * (t6 * 2.5062e-8 + 2.7626035e-7) + (t6 * 0.00000275573765 + 0.00002480150527)) + (t8 * (t7 * (t6 * 0.000198412697616 + 0.001388888893164) + (t6 * 0.0083333333333647 + 0.0416666666665757)) + t7 * (t6 * 0.1666666666666664 + 0.5000000000000006)) - t5);
  half[high] = i12; half[low] = 0;
  const t15 = real[0];
  const t16 = 0.0625 / ((t13 + t14) * t15) + t14 * t15 + t13 * t15;
  return t16 + t16;
}

export function log(x: number): number {
  const m0 = x < 2.2250738585072014e-308;
  real[0] = m0 ? x * 18014398509481984 : x;
  const i1 = half[high];
  const i2 = half[low];
  const i3 = i2 + -1719614413 | 0;
  const i4 = (i1 + 614241 | 0) + (i3 >>> 0 < -1719614413 >>> 0 ? 1 : 0) | 0;
  const i5 = i3 + 1719614413 | 0;
  half[high] = ((i4 & 1048575) + 1072079006 | 0) + (i5 >>> 0 < 1719614413 >>> 0 ? 1 : 0) | 0; half[low] = i5;
  const t6 = real[0];
  const t7 = t6 - 1;
  const t8 = 4503599627370496 + (i4 >>> 20 >>> 0) - 4503599627371519 - (m0 ? 54 : 0);
  const t9 = t7 / (t7 + 2);
  const t10 = t9 * t9;
  const t11 = t7 * t7 * 0.5;
  const t12 = t10 * t10;
  const t13 = t12 * t12;
  const t14 = t13 * t13;
  const m15 = x === 0;
  const m16 = x < 0;
  return t8 * 0.6931471803691238 + (t7 - (t11 - ((t14 * (t10 * 0.119817885 + 0.1167577748) + (t13 * (t12 * (t10 * 0.133362646122 + 0.153845584267) + (t10 * 0.181818188440062 + 0.22222222217789708)) + (t12 * (t10 * 0.2857142857144384 + 0.3999999999999998) + t10 * 0.6666666666666666)) + t11) * t9 + t8 * 1.9082149292705877e-10))) + (x - (1.7976931348623157e308 < x ? 1.7976931348623157e308 : x)) - (m16 ? NaN : m15 ? Infinity : 0);
}

export function log1p(x: number): number {
  const t0 = 1.7976931348623157e308 < x ? 1.7976931348623157e308 : x;
  const t1 = t0 + 1;
  const t2 = t1 - t0;
  real[0] = t1;
  const i3 = half[high];
  const i4 = half[low];
  const i5 = i4 + -1719614413 | 0;
  const i6 = (i3 + 614241 | 0) + (i5 >>> 0 < -1719614413 >>> 0 ? 1 : 0) | 0;
  const i7 = i5 + 1719614413 | 0;
  half[high] = ((i6 & 1048575) + 1072079006 | 0) + (i7 >>> 0 < 1719614413 >>> 0 ? 1 : 0) | 0; half[low] = i7;
  const t8 = real[0];
  const t9 = t8 - 1;
  const t10 = 4503599627370496 + (i6 >>> 20 >>> 0) - 4503599627371519;
  const t11 = t9 / (t9 + 2);
  const t12 = t11 * t11;
  const t13 = t9 * t9 * 0.5;
  const t14 = t12 * t12;
  const t15 = t14 * t14;
  const t16 = t15 * t15;
  const m17 = t1 === 0;
  const m18 = t1 < 0;
  real[0] = x;
  const i19 = half[high];
  real[0] = Math.abs(t10 * 0.6931471803691238 + (t9 - (t13 - ((t16 * (t12 * 0.119817885 + 0.1167577748) + (t15 * (t14 * (t12 * 0.133362646122 + 0.153845584267) + (t12 * 0.181818188440062 + 0.22222222217789708)) + (t14 * (t12 * 0.2857142857144384 + 0.3999999999999998) + t12 * 0.6666666666666666)) + t13) * t11 + (t10 * 1.9082149292705877e-10 + (t0 - (t1 - t2) + (1 - t2)) / (t1 < 8.673617379884035e-19 ? 8.673617379884035e-19 : t1))))) + (t1 - (1.7976931348623157e308 < t1 ? 1.7976931348623157e308 : t1)) - (m18 ? NaN : m17 ? Infinity : 0) + (x - (1.7976931348623157e308 < x ? 1.7976931348623157e308 : x))); half[high] |= i19 & -2147483648;
  const t21 = real[0];
  return t21;
}

export function asinh(x: number): number {
  const t0 = Math.abs(x);
  const t1 = t0 * t0;
  const t2 = t1 / (Math.sqrt(t1 + 1) + 1);
  const t3 = t0 + t2;
  const m4 = 1.2676506002282294e30 < t0;
  const t5 = m4 ? t0 : t3;
  const t6 = 1.7976931348623157e308 < t5 ? 1.7976931348623157e308 : t5;
  const t7 = t6 + 1;
  const t8 = t7 - t6;
  real[0] = t7;
  const i9 = half[high];
  const i10 = half[low];
  const i11 = i10 + -1719614413 | 0;
  const i12 = (i9 + 614241 | 0) + (i11 >>> 0 < -1719614413 >>> 0 ? 1 : 0) | 0;
  const i13 = i11 + 1719614413 | 0;
  half[high] = ((i12 & 1048575) + 1072079006 | 0) + (i13 >>> 0 < 1719614413 >>> 0 ? 1 : 0) | 0; half[low] = i13;
  const t14 = real[0];
  const t15 = t14 - 1;
  const t16 = 4503599627370496 + (i12 >>> 20 >>> 0) - 4503599627371519 + (m4 ? 1 : 0);
  const t17 = t15 / (t15 + 2);
  const t18 = t17 * t17;
  const t19 = t15 * t15 * 0.5;
  const t20 = t18 * t18;
  const t21 = t20 * t20;
  const t22 = t21 * t21;
  const m23 = t7 === 0;
  const m24 = t7 < 0;
  real[0] = x;
  const i25 = half[high];
  real[0] = t16 * 0.6931471803691238 + (t15 - (t19 - ((t22 * (t18 * 0.119817885 + 0.1167577748) + (t21 * (t20 * (t18 * 0.133362646122 + 0.153845584267) + (t18 * 0.181818188440062 + 0.22222222217789708)) + (t20 * (t18 * 0.2857142857144384 + 0.3999999999999998) + t18 * 0.6666666666666666)) + t19) * t17 + (t16 * 1.9082149292705877e-10 + (t6 - (t7 - t8) + (1 - t8) + (m4 ? 0 : t2 - (t3 - t0))) / (t7 < 8.673617379884035e-19 ? 8.673617379884035e-19 : t7))))) + (t7 - (1.7976931348623157e308 < t7 ? 1.7976931348623157e308 : t7)) - (m24 ? NaN : m23 ? Infinity : 0) + (t5 - (1.7976931348623157e308 < t5 ? 1.7976931348623157e308 : t5)); half[high] |= i25 & -2147483648;
  const t27 = real[0];
  return t27;
}

export function acosh(x: number): number {
  const t0 = x - 1;
  const t1 = t0 + t0;
  const t2 = t0 * t0;
  const t3 = t1 + t2;
  const t4 = Math.sqrt(t3);
  real[0] = t4;
  const i5 = half[high];
  const i6 = half[low];
  const i7 = i6 & -134217728;
  half[high] = i5; half[low] = i7;
  const t8 = real[0];
  const m9 = 0 < t3;
  const t10 = t4 + t0;
  const m11 = 1.2676506002282294e30 < t0;
  const t12 = m11 ? t0 : t10;
  const t13 = 1.7976931348623157e308 < t12 ? 1.7976931348623157e308 : t12;
  const t14 = t13 + 1;
  const t15 = t14 - t13;
  real[0] = t14;
  const i16 = half[high];
  const i17 = half[low];
  const i18 = i17 + -1719614413 | 0;
  const i19 = (i16 + 614241 | 0) + (i18 >>> 0 < -1719614413 >>> 0 ? 1 : 0) | 0;
  const i20 = i18 + 1719614413 | 0;
  half[high] = ((i19 & 1048575) + 1072079006 | 0) + (i20 >>> 0 < 1719614413 >>> 0 ? 1 : 0) | 0; half[low] = i20;
  const t21 = real[0];
  const t22 = t21 - 1;
  const t23 = 4503599627370496 + (i19 >>> 20 >>> 0) - 4503599627371519 + (m11 ? 1 : 0);
  const t24 = t22 / (t22 + 2);
  const t25 = t24 * t24;
  const t26 = t22 * t22 * 0.5;
  const t27 = t25 * t25;
  const t28 = t27 * t27;
  const t29 = t28 * t28;
  const m30 = t14 === 0;
  const m31 = t14 < 0;
  const m32 = x < 1;
  return m32 ? NaN : t23 * 0.6931471803691238 + (t22 - (t26 - ((t29 * (t25 * 0.119817885 + 0.1167577748) + (t28 * (t27 * (t25 * 0.133362646122 + 0.153845584267) + (t25 * 0.181818188440062 + 0.22222222217789708)) + (t27 * (t25 * 0.2857142857144384 + 0.3999999999999998) + t25 * 0.6666666666666666)) + t26) * t24 + (t23 * 1.9082149292705877e-10 + (t13 - (t14 - t15) + (1 - t15) + (m11 ? 0 : t0 - (t10 - t4) + (m9 ? (t3 - t8 * t8 - (t4 + t8) * (t4 - t8) + ((t2 < t1 ? t2 : t1) - (t3 - (t1 < t2 ? t2 : t1)))) / (t4 + t4) : 0))) / (t14 < 8.673617379884035e-19 ? 8.673617379884035e-19 : t14))))) + (t14 - (1.7976931348623157e308 < t14 ? 1.7976931348623157e308 : t14)) - (m31 ? NaN : m30 ? Infinity : 0) + (t12 - (1.7976931348623157e308 < t12 ? 1.7976931348623157e308 : t12));
}

export function atanh(x: number): number {
  const t0 = Math.abs(x);
  const t1 = t0 + t0;
  const t2 = t1 * t0 / (1 - t0);
  const t3 = t1 + t2;
  const t4 = 1.7976931348623157e308 < t3 ? 1.7976931348623157e308 : t3;
  const t5 = t4 + 1;
  const t6 = t5 - t4;
  real[0] = t5;
  const i7 = half[high];
  const i8 = half[low];
  const i9 = i8 + -1719614413 | 0;
  const i10 = (i7 + 614241 | 0) + (i9 >>> 0 < -1719614413 >>> 0 ? 1 : 0) | 0;
  const i11 = i9 + 1719614413 | 0;
  half[high] = ((i10 & 1048575) + 1072079006 | 0) + (i11 >>> 0 < 1719614413 >>> 0 ? 1 : 0) | 0; half[low] = i11;
  const t12 = real[0];
  const t13 = t12 - 1;
  const t14 = 4503599627370496 + (i10 >>> 20 >>> 0) - 4503599627371519;
  const t15 = t13 / (t13 + 2);
  const t16 = t15 * t15;
  const t17 = t13 * t13 * 0.5;
  const t18 = t16 * t16;
  const t19 = t18 * t18;
  const t20 = t19 * t19;
  const m21 = t5 === 0;
  const m22 = t5 < 0;
  const m23 = t0 === 1;
  const m24 = 1 < t0;
  real[0] = x;
  const i25 = half[high];
  real[0] = m24 ? NaN : m23 ? Infinity : (t14 * 0.6931471803691238 + (t13 - (t17 - ((t20 * (t16 * 0.119817885 + 0.1167577748) + (t19 * (t18 * (t16 * 0.133362646122 + 0.153845584267) + (t16 * 0.181818188440062 + 0.22222222217789708)) + (t18 * (t16 * 0.2857142857144384 + 0.3999999999999998) + t16 * 0.6666666666666666)) + t17) * t15 + (t14 * 1.9082149292705877e-10 + (t4 - (t5 - t6) + (1 - t6) + (t2 - (t3 - t1))) / (t5 < 8.673617379884035e-19 ? 8.673617379884035e-19 : t5))))) + (t5 - (1.7976931348623157e308 < t5 ? 1.7976931348623157e308 : t5)) - (m22 ? NaN : m21 ? Infinity : 0) + (t3 - (1.7976931348623157e308 < t3 ? 1.7976931348623157e308 : t3))) * 0.5; half[high] |= i25 & -2147483648;
  const t27 = real[0];
  return t27;
}

export function sin(x: number): number {
  const t0 = Math.abs(x);
  const t1 = t0 * 0.6366197723675814 + 6755399441055744;
  const t2 = t1 - 6755399441055744;
  const t3 = t0 - t2 * 1.5707963267341256;
  const t4 = t2 * 6.077100506303966e-11;
  const t5 = t3 - t4;
  const t6 = 0 + (t3 - t5 - t4);
  const t7 = t2 * 2.0222662487111665e-21;
  const t8 = t5 - t7;
  const t9 = t6 + (t5 - t8 - t7);
  const t10 = t2 * 8.4784276603689e-32;
  const t11 = t8 - t10;
  const t12 = t9 + (t8 - t11 - t10);
  const m13 = 1600000 <= t0;
  let t14 = t11;
  let t15 = t12;
  let t16 = t1;
  if (m13) {
    t14 = reduceLarge(t0, 0);
    t15 = reduceLarge(t0, 1);
    t16 = reduceLarge(t0, 2);
  }
  const t17 = t14 * t14;
  const t18 = t17 * 0.5;
  const t19 = 1 - t18;
  const t20 = t17 * t17;
  const t21 = t20 * t20;
  const t22 = t21 * t21;
  const t23 = (t22 * 2.811457254345521e-15 + (t21 * (t20 * (t17 * -7.647163731819817e-13 + 1.6059043836821616e-10) + (t17 * -2.505210838544172e-8 + 0.0000027557319223985893)) + (t20 * (t17 * -0.0001984126984126984 + 0.008333333333333333) + t17 * -0.16666666666666666))) * t14 + t15 * t19;
  const t24 = t17 * t17;
  const t25 = t24 * t24;
  const t26 = t25 * t25;
  const t27 = (t26 * -1.5619206968586225e-16 + (t25 * (t24 * (t17 * 4.7794773323873846e-14 + -1.1470745597729723e-11) + (t17 * 2.0876756987868096e-9 + -2.755731922398589e-7)) + (t24 * (t17 * 0.000024801587301587298 + -0.0013888888888888887) + t17 * 0.041666666666666664))) * t17 + (1 - t19 - t18 - t14 * t15);
  real[0] = t16;
  const i29 = half[low];
  const i30 = 0 - (i29 & 1) | 0;
  const m32 = i30 !== 0;
  real[0] = m32 ? t19 + t27 : t14 + t23; half[high] ^= i29 << 30 & -2147483648;
  const t33 = real[0];
  real[0] = x;
  const i34 = half[high];
  real[0] = t33; half[high] ^= i34 & -2147483648;
  const t36 = real[0];
  return t36;
}

export function cos(x: number): number {
  const t0 = Math.abs(x);
  const t1 = t0 * 0.6366197723675814 + 6755399441055744;
  const t2 = t1 - 6755399441055744;
  const t3 = t0 - t2 * 1.5707963267341256;
  const t4 = t2 * 6.077100506303966e-11;
  const t5 = t3 - t4;
  const t6 = 0 + (t3 - t5 - t4);
  const t7 = t2 * 2.0222662487111665e-21;
  const t8 = t5 - t7;
  const t9 = t6 + (t5 - t8 - t7);
  const t10 = t2 * 8.4784276603689e-32;
  const t11 = t8 - t10;
  const t12 = t9 + (t8 - t11 - t10);
  const m13 = 1600000 <= t0;
  let t14 = t11;
  let t15 = t12;
  let t16 = t1;
  if (m13) {
    t14 = reduceLarge(t0, 0);
    t15 = reduceLarge(t0, 1);
    t16 = reduceLarge(t0, 2);
  }
  const t17 = t14 * t14;
  const t18 = t17 * 0.5;
  const t19 = 1 - t18;
  const t20 = t17 * t17;
  const t21 = t20 * t20;
  const t22 = t21 * t21;
  const t23 = (t22 * 2.811457254345521e-15 + (t21 * (t20 * (t17 * -7.647163731819817e-13 + 1.6059043836821616e-10) + (t17 * -2.505210838544172e-8 + 0.0000027557319223985893)) + (t20 * (t17 * -0.0001984126984126984 + 0.008333333333333333) + t17 * -0.16666666666666666))) * t14 + t15 * t19;
  const t24 = t17 * t17;
  const t25 = t24 * t24;
  const t26 = t25 * t25;
  const t27 = (t26 * -1.5619206968586225e-16 + (t25 * (t24 * (t17 * 4.7794773323873846e-14 + -1.1470745597729723e-11) + (t17 * 2.0876756987868096e-9 + -2.755731922398589e-7)) + (t24 * (t17 * 0.000024801587301587298 + -0.0013888888888888887) + t17 * 0.041666666666666664))) * t17 + (1 - t19 - t18 - t14 * t15);
  real[0] = t16;
  const i29 = half[low];
  const i30 = i29 + 1 | 0;
  const i32 = 0 - (i30 & 1) | 0;
  const m34 = i32 !== 0;
  real[0] = m34 ? t19 + t27 : t14 + t23; half[high] ^= i30 << 30 & -2147483648;
  const t35 = real[0];
  return t35;
}

export function tan(x: number): number {
  const t0 = Math.abs(x);
  const t1 = t0 * 0.6366197723675814 + 6755399441055744;
  const t2 = t1 - 6755399441055744;
  const t3 = t0 - t2 * 1.5707963267341256;
  const t4 = t2 * 6.077100506303966e-11;
  const t5 = t3 - t4;
  const t6 = 0 + (t3 - t5 - t4);
  const t7 = t2 * 2.0222662487111665e-21;
  const t8 = t5 - t7;
  const t9 = t6 + (t5 - t8 - t7);
  const t10 = t2 * 8.4784276603689e-32;
  const t11 = t8 - t10;
  const t12 = t9 + (t8 - t11 - t10);
  const m13 = 1600000 <= t0;
  let t14 = t11;
  let t15 = t12;
  let t16 = t1;
  if (m13) {
    t14 = reduceLarge(t0, 0);
    t15 = reduceLarge(t0, 1);
    t16 = reduceLarge(t0, 2);
  }
  const t17 = t14 * t14;
  const t18 = t17 * 0.5;
  const t19 = 1 - t18;
  const t20 = t17 * t17;
  const t21 = t20 * t20;
  const t22 = t21 * t21;
  const t23 = (t22 * 2.811457254345521e-15 + (t21 * (t20 * (t17 * -7.647163731819817e-13 + 1.6059043836821616e-10) + (t17 * -2.505210838544172e-8 + 0.0000027557319223985893)) + (t20 * (t17 * -0.0001984126984126984 + 0.008333333333333333) + t17 * -0.16666666666666666))) * t14 + t15 * t19;
  const t24 = t17 * t17;
  const t25 = t24 * t24;
  const t26 = t25 * t25;
  const t27 = (t26 * -1.5619206968586225e-16 + (t25 * (t24 * (t17 * 4.7794773323873846e-14 + -1.1470745597729723e-11) + (t17 * 2.0876756987868096e-9 + -2.755731922398589e-7)) + (t24 * (t17 * 0.000024801587301587298 + -0.0013888888888888887) + t17 * 0.041666666666666664))) * t17 + (1 - t19 - t18 - t14 * t15);
  real[0] = t16;
  const i29 = half[low];
  const i30 = 0 - (i29 & 1) | 0;
  const i31 = 0 - (0 >>> 0 < (i29 & 1) >>> 0 ? 1 : 0) | 0;
  const m32 = i30 !== 0;
  const t33 = m32 ? t19 : t14;
  const m34 = i30 !== 0;
  const t35 = m34 ? t27 : t23;
  const t36 = t33 + t35;
  const m37 = i30 !== 0;
  const t38 = m37 ? t14 : t19;
  const m39 = i30 !== 0;
  const t40 = m39 ? t23 : t27;
  const t41 = t38 + t40;
  const t42 = t36 / t41;
  real[0] = x;
  const i43 = half[high];
  real[0] = t42 + (t35 - (t36 - t33) - t42 * (t40 - (t41 - t38))) / t41; half[high] ^= (i31 ^ i43) & -2147483648;
  const t45 = real[0];
  return t45;
}

export function asin(x: number): number {
  const t0 = Math.abs(x);
  const m1 = 0.5 < t0;
  const t2 = m1 ? (1 - t0) * 0.5 : t0 * t0;
  const t3 = m1 ? Math.sqrt(t2) : t0;
  const t4 = t2 * t2;
  const t5 = t4 * t4;
  const t6 = t5 * t5;
  const t7 = (t6 * (t5 * 0.0319166782 + (t4 * (t2 * -0.01622936985 + 0.019530869423) + (t2 * 0.006527207694 + 0.0121693569752))) + (t5 * (t4 * (t2 * 0.0138852170029 + 0.01735970635492) + (t2 * 0.0223717579584 + 0.030381959140426)) + (t4 * (t2 * 0.0446428568282484 + 0.07500000000337116) + t2 * 0.16666666666665408))) * t3;
  const i8 = m1 ? 0 : -2147483648;
  const t9 = t3 + (m1 ? t3 : 0);
  const t10 = t7 + (m1 ? t7 : 0);
  const t11 = m1 ? 0.7853981633974483 : 0;
  real[0] = t10; half[high] ^= i8;
  const t12 = real[0];
  real[0] = t9; half[high] ^= i8;
  const t13 = real[0];
  real[0] = x;
  const i14 = half[high];
  real[0] = Math.abs(t11 - t13 + (t11 * 7.796343665038751e-17 - t12) + t11); half[high] |= i14 & -2147483648;
  const t16 = real[0];
  return t16;
}

export function acos(x: number): number {
  const t0 = Math.abs(x);
  const m1 = 0.5 < t0;
  const t2 = m1 ? (1 - t0) * 0.5 : t0 * t0;
  const t3 = m1 ? Math.sqrt(t2) : t0;
  const t4 = t2 * t2;
  const t5 = t4 * t4;
  const t6 = t5 * t5;
  const t7 = (t6 * (t5 * 0.0319166782 + (t4 * (t2 * -0.01622936985 + 0.019530869423) + (t2 * 0.006527207694 + 0.0121693569752))) + (t5 * (t4 * (t2 * 0.0138852170029 + 0.01735970635492) + (t2 * 0.0223717579584 + 0.030381959140426)) + (t4 * (t2 * 0.0446428568282484 + 0.07500000000337116) + t2 * 0.16666666666665408))) * t3;
  const i8 = m1 ? 0 : -2147483648;
  const t9 = t3 + (m1 ? t3 : 0);
  const t10 = t7 + (m1 ? t7 : 0);
  const m11 = x < 0;
  const t12 = m1 ? (m11 ? 3.141592653589793 : 0) : 1.5707963267948966;
  real[0] = x; half[high] ^= i8;
  const t13 = real[0];
  real[0] = t13;
  const i14 = half[high];
  const i16 = i14 & -2147483648;
  real[0] = t10; half[high] ^= i16;
  const t17 = real[0];
  real[0] = t9; half[high] ^= i16;
  const t18 = real[0];
  return t12 * 3.8981718325193755e-17 + t17 + t18 + t12;
}

export function atan(x: number): number {
  const t0 = Math.abs(x);
  const m1 = t0 < 0.6;
  const m2 = t0 < 1.6666666666666667;
  const t3 = (m1 ? t0 : m2 ? t0 - 1 : -1) / (m1 ? 1 : m2 ? t0 + 1 : t0);
  const t4 = m1 ? 0 : m2 ? 0.7853981633974483 : 1.5707963267948966;
  const t5 = t3 * t3;
  const t6 = t5 * t5;
  const t7 = t6 * t6;
  const t8 = t7 * t7;
  real[0] = x;
  const i9 = half[high];
  real[0] = Math.abs((t8 * (t7 * (t6 * 0.00369831401 + (t5 * -0.013943926708 + 0.02715886135434)) + (t6 * (t5 * -0.03824820538882 + 0.04605566745704) + (t5 * -0.052287968678895 + 0.058768191889861))) + (t7 * (t6 * (t5 * -0.066660207837552 + 0.0769225417885288) + (t5 * -0.09090906048873434 + 0.11111110998717617)) + (t6 * (t5 * -0.14285714283244663 + 0.19999999999972512) + t5 * -0.33333333333333226))) * t3 + t4 * 3.8981718325193755e-17 + t3 + t4); half[high] |= i9 & -2147483648;
  const t11 = real[0];
  return t11;
}

export function erf(x: number): number {
  const t0 = x * x;
  const t1 = t0 * t0;
  const t2 = t1 * t1;
  const t3 = t2 * t2;
  const t4 = Math.abs(x);
  const t5 = 6 < t4 ? 6 : t4;
  const t6 = t5 * t5;
  const t7 = t6 * t6;
  const t8 = t7 * t7;
  const t9 = t8 * t8;
  const t10 = t9 * (t5 * -7.109581361e-12 + 2.94991145731e-10) + (t8 * (t7 * (t6 * (t5 * -5.67533322823e-9 + 6.6967595295e-8) + (t5 * -5.385143415713e-7 + 0.000003080871450496)) + (t6 * (t5 * -0.0000125030029682697 + 0.000032922483034304) + (t5 * -0.00002923001098282 + -0.000194853520997957))) + (t7 * (t6 * (t5 * 0.001111829777562487 + -0.00276415479140965) + (t5 * 0.000592442356130275 + 0.02739701381193072)) + (t6 * (t5 * -0.14816973049441823 + -0.9184826096546789) + (t5 * -1.6278997021009893 + -7.2557106486e-7))));
  const t11 = t10 + 6755399441056767;
  real[0] = t11;
  const i13 = half[low];
  const i14 = i13 << 20;
  const t15 = t10 - (t11 - 6755399441056767);
  half[high] = i14; half[low] = 0;
  const t16 = real[0];
  const t17 = t15 * t15;
  const t18 = t17 * t17;
  const t19 = t18 * t18;
  real[0] = x;
  const i20 = half[high];
  real[0] = 1 - t16 - (t19 * (t17 * (t15 * 4.447293555314937e-10 + 7.072503452676856e-9) + (t15 * 1.0178107163699357e-7 + 0.0000013215443079742017)) + (t18 * (t17 * (t15 * 0.00001525273374281462 + 0.00015403530440794905) + (t15 * 0.0013333558146478629 + 0.009618129107607478)) + (t17 * (t15 * 0.055504108664821486 + 0.24022650695910097) + t15 * 0.6931471805599453))) * t16; half[high] |= i20 & -2147483648;
  const t22 = real[0];
  const m23 = t4 < 1;
  return m23 ? (t3 * (t1 * (t0 * -7.60688042e-10 + 1.3616264548e-8) + (t0 * -1.61839051962e-7 + 0.000001644414118877)) + (t2 * (t1 * (t0 * -0.000014924465023981 + 0.000120552804717204) + (t0 * -0.00085483254843935 + 0.005223977596727523)) + (t1 * (t0 * -0.026866170641958568 + 0.11283791670936949) + (t0 * -0.37612638903183343 + 0.12837916709551256)))) * x + x : t22;
}

export function pow(x: number, y: number): number {
  const t0 = Math.abs(x);
  const m1 = t0 < 2.2250738585072014e-308;
  real[0] = m1 ? t0 * 18014398509481984 : t0;
  const i2 = half[high];
  const i3 = half[low];
  const i4 = i3 + -1719614413 | 0;
  const i5 = (i2 + 614241 | 0) + (i4 >>> 0 < -1719614413 >>> 0 ? 1 : 0) | 0;
  const i6 = i4 + 1719614413 | 0;
  half[high] = ((i5 & 1048575) + 1072079006 | 0) + (i6 >>> 0 < 1719614413 >>> 0 ? 1 : 0) | 0; half[low] = i6;
  const t7 = real[0];
  const t8 = t7 - 1;
  const t9 = 4503599627370496 + (i5 >>> 20 >>> 0) - 4503599627371519 - (m1 ? 54 : 0);
  const t10 = t8 + 2;
  const t11 = 1 / t10;
  real[0] = t8 * t11;
  const i12 = half[high];
  const i13 = half[low];
  const i14 = i13 & -134217728;
  real[0] = t10;
  const i15 = half[high];
  const i16 = half[low];
  const i17 = i16 & -134217728;
  half[high] = i15; half[low] = i17;
  const t18 = real[0];
  half[high] = i12; half[low] = i14;
  const t19 = real[0];
  const t20 = (t8 - t19 * t18 - t19 * (t8 - (t18 - 2))) * t11;
  const t21 = t19 + t20;
  const t22 = t21 * t21;
  const t23 = t19 * t19;
  const t24 = t22 * t22;
  const t25 = t24 * t24;
  const t26 = (t19 + t21) * t20 + (t25 * (t24 * (t22 * 0.119817885 + 0.1167577748) + (t22 * 0.133362646122 + 0.153845584267)) + (t24 * (t22 * 0.181818188440062 + 0.22222222217789708) + (t22 * 0.2857142857144384 + 0.3999999999999998))) * t22 * t22 * 1.5;
  real[0] = t26 + t23 + 3;
  const i27 = half[high];
  const i28 = half[low];
  const i29 = i28 & -134217728;
  half[high] = i27; half[low] = i29;
  const t30 = real[0];
  const t31 = t19 * t30;
  const t32 = t20 * t30 + (t26 - (t30 - 3 - t23)) * t21;
  real[0] = t31 + t32;
  const i33 = half[high];
  const i34 = half[low];
  const i35 = i34 & -134217728;
  half[high] = i33; half[low] = i35;
  const t36 = real[0];
  const t37 = t32 - (t36 - t31);
  const t38 = t36 * 0.9617967009544373;
  const t39 = t37 * 0.9617966939259756 + t36 * -7.028461650952758e-9;
  real[0] = t38 + t39 + t9;
  const i40 = half[high];
  const i41 = half[low];
  const i42 = i41 & -134217728;
  half[high] = i40; half[low] = i42;
  const t43 = real[0];
  const t44 = 73786976294838210000 < y ? 73786976294838210000 : y;
  const t45 = t44 < -73786976294838210000 ? -73786976294838210000 : t44;
  real[0] = t45;
  const i46 = half[high];
  const i47 = half[low];
  const i48 = i47 & -134217728;
  half[high] = i46; half[low] = i48;
  const t49 = real[0];
  const t50 = t49 * t43;
  const t51 = (t45 - t49) * t43 + t45 * (t39 - (t43 - t9 - t38));
  const t52 = t50 + t51;
  const t53 = 1100 < t52 ? 1100 : t52;
  const t54 = t53 < -1100 ? -1100 : t53;
  const t55 = t54 + 6755399441057790;
  const m56 = t54 !== t52;
  const t57 = (m56 ? t54 : t50) - (t55 - 6755399441057790);
  const t58 = m56 ? 0 : t51;
  const t59 = t57 + t58;
  real[0] = t59;
  const i60 = half[high];
  const i61 = half[low];
  const i62 = i61 & -134217728;
  half[high] = i60; half[low] = i62;
  const t63 = real[0];
  const t64 = t59 * t59;
  const t65 = t64 * t64;
  const t66 = t65 * t65;
  real[0] = t55;
  const i67 = half[high];
  const i68 = half[low];
  const i70 = i68 >>> 1 | i67 << 31;
  half[high] = i70 << 20; half[low] = 0;
  const t71 = real[0];
  const i72 = i68 - i70 | 0;
  half[high] = i72 << 20; half[low] = 0;
  const t73 = real[0];
  const m74 = Math.floor(y) === y;
  const t75 = y * 0.5;
  const m76 = t0 === 0 || t0 === Infinity;
  const m77 = t0 < 1 !== y < 0;
  const m78 = Math.floor(t75) !== t75 && m74;
  real[0] = m78 ? x : 0;
  const i79 = half[high];
  real[0] = m76 ? (m77 ? 0 : Infinity) : (t63 * 0.6931471675634384 + (t66 * (t64 * (t59 * 4.447293555314937e-10 + 7.072503452676856e-9) + (t59 * 1.0178107163699357e-7 + 0.0000013215443079742017)) + (t65 * (t64 * (t59 * 0.00001525273374281462 + 0.00015403530440794905) + (t59 * 0.0013333558146478629 + 0.009618129107607478)) + t64 * (t59 * 0.055504108664821486 + 0.24022650695910097)) + (t63 * 1.2996506893889889e-8 + (t59 - t63 + (t58 - (t59 - t57))) * 0.6931471805599453)) + 1) * t71 * t73; half[high] ^= i79 & -2147483648;
  const t81 = real[0];
  const m82 = x < 0 && !m74 && !m76 || x !== x || y !== y;
  const m83 = y === 0 || x === 1;
  return m83 ? 1 : m82 ? NaN : t81;
}

export function floorDiv(x: number, y: number): number {
  return Math.floor(x / y);
}

export function mod(x: number, y: number): number {
  const t0 = Math.floor(x / y) * y;
  return x - t0;
}
