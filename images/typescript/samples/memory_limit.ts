const blocks: number[][] = [];
for (;;) {
  blocks.push(new Array<number>(100_000).fill(blocks.length));
}
