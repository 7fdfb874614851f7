; The sine: p4 pitch in Hz, p5 pan from 0 to 1. The envelope changes once a block, without a ramp.
instr 1
  asine oscili 1, p4
  kenvelope adsr 0.1, 0.3, 0.7, 0.5
  aleft, aright pan2 asine * kenvelope * 0.01, p5
  outs aleft, aright
endin
