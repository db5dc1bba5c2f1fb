import qrcode from "qrcode-generator";

/** Light modules round the code that readers need (ISO/IEC 18004 §6.3.8). */
const QUIET = 4;

/** The QR code of `text`, error correction M, with its quiet zone, in the unit square, as operators of a PDF content stream. */
export function qrOperators(text: string): string {
  const code = qrcode(0, "M");
  code.addData(text);
  code.make();
  const count = code.getModuleCount();
  const across = count + 2 * QUIET;
  const scale = 1 / across;
  // One path on whole numbers: single squares would show hairlines between them on screens.
  let path = `1 g 0 0 1 1 re f\n0 g ${scale} 0 0 -${scale} 0 1 cm\n`;
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < count; column++) {
      if (!code.isDark(row, column)) continue;
      let run = 1;
      while (column + run < count && code.isDark(row, column + run)) run++;
      path += `${column + QUIET} ${row + QUIET} ${run} 1 re\n`;
      column += run - 1;
    }
  }
  return `${path}f\n`;
}
