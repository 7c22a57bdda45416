// Functions that are no bounds, four numbers at a time.
import { clamp, madd } from './lanes';

/** `e^x`, to two units of the last place (Moshier's Cephes, expf); 0 below -87.3, where float32 has fewer digits. */
@inline
export function exp(given: v128): v128 {
  const x = clamp(given, f32x4.splat(-87.3), f32x4.splat(88));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504088896341)));
  const r = f32x4.sub(f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375))), f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let p = f32x4.splat(1.9875691500e-4);
  p = madd(p, r, f32x4.splat(1.3981999507e-3));
  p = madd(p, r, f32x4.splat(8.3334519073e-3));
  p = madd(p, r, f32x4.splat(4.1665795894e-2));
  p = madd(p, r, f32x4.splat(1.6666665459e-1));
  p = madd(p, r, f32x4.splat(5.0000001201e-1));
  p = f32x4.add(madd(p, f32x4.mul(r, r), r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return v128.andnot(f32x4.mul(p, power), f32x4.lt(given, f32x4.splat(-87.3)));
}

/** The error function, within 2e-7: x times a quotient of polynomials of its square, as in Eigen; 1 and -1 beyond 4. */
@inline
export function erf(given: v128): v128 {
  const x = clamp(given, f32x4.splat(-4), f32x4.splat(4));
  const square = f32x4.mul(x, x);
  let p = f32x4.splat(-2.72614225801306e-10);
  p = madd(p, square, f32x4.splat(2.77068142495902e-8));
  p = madd(p, square, f32x4.splat(-2.10102402082508e-6));
  p = madd(p, square, f32x4.splat(-5.69250639462346e-5));
  p = madd(p, square, f32x4.splat(-7.34990630326855e-4));
  p = madd(p, square, f32x4.splat(-2.95459980854025e-3));
  p = madd(p, square, f32x4.splat(-1.60960333262415e-2));
  let q = f32x4.splat(-1.45660718464996e-5);
  q = madd(q, square, f32x4.splat(-2.13374055278905e-4));
  q = madd(q, square, f32x4.splat(-1.68282697438203e-3));
  q = madd(q, square, f32x4.splat(-7.37332916720468e-3));
  q = madd(q, square, f32x4.splat(-1.42647390514189e-2));
  const value = f32x4.div(f32x4.mul(x, p), q);
  // Exactly 1 where it is 1 in float32: times a large number, what is missing would show.
  return v128.bitselect(f32x4.mul(x, f32x4.splat(0.25)), value, f32x4.ge(square, f32x4.splat(16)));
}
