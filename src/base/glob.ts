/** Whether a text matches a glob: `*` is any text, `?` any one character. Takes a time of their lengths multiplied. */
export function matchesGlob(glob: string, text: string): boolean {
  let [g, t] = [0, 0];
  let star: { readonly glob: number; text: number } | undefined;
  while (t < text.length) {
    if (glob[g] === '*') {
      star = { glob: g, text: t };
      g += 1;
    } else if (glob[g] === '?' || glob[g] === text[t]) {
      g += 1;
      t += 1;
    } else if (star !== undefined) {
      star.text += 1; // the last star takes one character more
      g = star.glob + 1;
      t = star.text;
    } else return false;
  }
  while (glob[g] === '*') g += 1;
  return g === glob.length;
}
