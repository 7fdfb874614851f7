; The pad: p4 pitch in Hz, p5 pan from 0 to 1. Filter, LFO and envelope change once a block, without a ramp.
instr 1
  ksweep lfo 1, 0.2
  aup vco2 1, p4 * cent(5)
  adown vco2 1, p4 * cent(-5)
  asine oscili 1, p4
  awarm lowpass2 aup + adown + asine, 1000 * powoftwo(ksweep), 2
  kenvelope adsr 0.1, 0.3, 0.7, 0.5
  aleft, aright pan2 awarm * kenvelope * 0.01, p5
  outs aleft, aright
endin
