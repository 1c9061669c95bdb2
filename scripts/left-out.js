/** Stands for a part of a library that no run uses: see LEFT_OUT in scripts/build.js. */
export default function refuse() {
  throw new Error('this part of a library is not in the build');
}
