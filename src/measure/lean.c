/* lean.c — lean.h for one instruction set, as device/cpu/isa.c is for the shipped kernels. */
#include "measure/lean.h"

#define TABLE_NAME_(isa) lean_##isa
#define TABLE_NAME(isa) TABLE_NAME_(isa)
#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

extern const struct lean_kernels TABLE_NAME(KERNELS_ISA);

const struct lean_kernels TABLE_NAME(KERNELS_ISA) = {TEXT(KERNELS_ISA), lean_voices, lean_bus};
