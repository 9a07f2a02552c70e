/**
 * A font of our own, for plans and sheets: ASCII in a box of 5 × 8 pixels.
 *
 * @module
 */

/** Height of a letter with its descender, and the width it takes with the gap after it. */
export const LETTER = { width: 6, height: 8 };

/** A letter is its rows from the top, each a digit in base 32 whose bits are pixels, the left one highest. */
const GLYPHS = new Map(
  `
  A=ehhvhhh B=uhhuhhu C=ehggghe D=uhhhhhu E=vgguggv F=vgguggg G=ehgnhhf H=hhhvhhh I=e44444e J=72222ic K=hikokih L=ggggggv
  M=hrllhhh N=hhpljhh O=ehhhhhe P=uhhuggg Q=ehhhlid R=uhhukih S=fgge11u T=v444444 U=hhhhhhe V=hhhhha4 W=hhhllla X=hha4ahh
  Y=hhha444 Z=v1248gv a=00e1fhf b=gguhhhu c=00ehghe d=11fhhhf e=00ehvge f=698s888 g=00fhhf1e h=gguhhhh i=40c444e
  j=206222ic k=ggikoki l=c44444e m=00qllll n=00uhhhh o=00ehhhe p=00uhhugg q=00fhhf11 r=00mpggg s=00fge1u t=88s8896
  u=00hhhjd v=00hhha4 w=00hhlla x=00ha4ah y=00hhhf1e z=00v248v 0=ehjlphe 1=4c4444e 2=eh1248v 3=v2421he 4=26aiv22
  5=vgu11he 6=68guhhe 7=v124888 8=ehhehhe 9=ehhf12c .=00000cc ,=00000c48 :=0cc0cc0 ;=0cc00c48 !=4444404 ?=eh12404
  '=4480000 "=aaa0000 (=2488842 )=8422248 [=e88888e ]=e22222e -=000v000 +=044v440 /=01248g0 \\=0g84210 _=000000v
  *=04lel40 %=op248j3 &=cik8lid #=aavavaa <=248g842 >=8421248 @=eh1dlle $=4fke5u4 ^=4ah0000 \`=8420000 {=2448442
  }=8442448 |=4444444 ~=008l200 ×=00ha4ah`.trim().split(/\s+/).map((entry) => [entry[0], entry.slice(2)] as const),
).set("=", "00v0v00").set(" ", "");

/** Letters that the font lacks: accents are dropped, typographic signs made plain, the rest is a question mark. */
export function plainText(text: string): string {
  return [
    ...text.normalize("NFD").replace(/\p{M}/gu, "").replace(/[‘’]/g, "'").replace(/[“”]/g, '"')
      .replace(/[–—]/g, "-").replace(/…/g, "...").replace(/\s/g, " "),
  ].map((letter) => GLYPHS.has(letter) ? letter : "?")
    .join("");
}

/** Call `dot` for every pixel of a letter at scale 1. */
export function drawLetter(letter: string, dot: (x: number, y: number) => void): void {
  const rows = GLYPHS.get(letter) ?? "";
  for (let y = 0; y < rows.length; y++) {
    const bits = parseInt(rows[y], 32);
    for (let x = 0; x < 5; x++) if (bits & (16 >> x)) dot(x, y);
  }
}

/** Break a text into lines of at most `columns` letters, between words where it can. */
export function wrapText(text: string, columns: number): string[] {
  const lines = [""];
  for (const word of text.split(" ").filter(Boolean)) {
    const line = lines[lines.length - 1];
    if (line && line.length + 1 + word.length <= columns) lines[lines.length - 1] += ` ${word}`;
    else if (line) lines.push(word);
    else lines[lines.length - 1] = word;
    while (lines[lines.length - 1].length > columns) {
      const long = lines.pop()!;
      lines.push(long.slice(0, columns), long.slice(columns));
    }
  }
  return lines.filter(Boolean);
}

/** The first `most` lines; where some are left out the last one ends in dots. */
export function fitLines(lines: string[], most: number, columns: number): string[] {
  if (lines.length <= most) return lines;
  if (most < 1) return [];
  return [...lines.slice(0, most - 1), `${lines[most - 1].slice(0, Math.max(0, columns - 3))}...`.slice(0, columns)];
}
