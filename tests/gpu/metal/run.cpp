/* run.cpp — see run.h. The text is C++, so its entries' own types say what arguments they want. Denormals are
 * zero here, as on Apple's GPUs, where the processor can do that: no sample may hang on one. */
#include "program.shim.metal"

#include "run.h"

static const metal_argument *given;

template <typename T> struct argument;
template <typename T> struct argument<T *> {
    static T *at(int n) { return static_cast<T *>(given[n].memory); }
    static bool fits(int n) { return given[n].memory && !given[n].number; }
};
template <> struct argument<const uint32_t &> {
    static const uint32_t &at(int n) { return *given[n].number; }
    static bool fits(int n) { return given[n].number && !given[n].memory; }
};

template <int... N> struct numbers {};
template <int C, int... N> struct count : count<C - 1, C - 1, N...> {};
template <int... N> struct count<0, N...> { typedef numbers<N...> type; };

/* The last two arguments are the item's and its group's numbers. */
template <typename F, F f, typename N> struct entry;
template <typename... A, void (*f)(A...), int... N> struct entry<void (*)(A...), f, numbers<N...>> {
    template <int I, typename First, typename... Rest> struct nth {
        typedef typename nth<I - 1, Rest...>::type type;
    };
    template <typename First, typename... Rest> struct nth<0, First, Rest...> { typedef First type; };
    static void run() { f(argument<typename nth<N, A...>::type>::at(N)..., fiber_item, fiber_group); }
    static bool fits() {
        bool all[] = {argument<typename nth<N, A...>::type>::fits(N)...};
        for (bool one : all)
            if (!one) return false;
        for (int n = sizeof...(N); n < METAL_ARGUMENTS; n++)
            if (given[n].memory || given[n].number) return false;
        return true;
    }
};

struct listed {
    const char *name;
    void (*run)();
    bool (*fits)();
};

template <typename... A> static constexpr int wanted(void (*)(A...)) {
    return int(sizeof...(A)) - 2;
}
#define ENTRY_OF(f) entry<decltype(&f), &f, count<wanted(&f)>::type>
#define LISTED(f)                                                                                            \
    { #f, ENTRY_OF(f)::run, ENTRY_OF(f)::fits }

static const listed entries[] = {LISTED(run_analog),  LISTED(run_bell),  LISTED(run_drum),
                                 LISTED(run_noise),   LISTED(run_tone),  LISTED(run_mix),
                                 LISTED(run_effects), LISTED(run_dither), LISTED(run_peak)};

static const listed *find(const char *name) {
    for (const listed &e : entries)
        if (!strcmp(e.name, name)) return &e;
    return nullptr;
}

int metal_has(const char *name) {
    return find(name) != nullptr;
}

int metal_run(const char *name, unsigned groups, const metal_argument *arguments) {
    const listed *e = find(name);
    given = arguments;
    if (!e || !e->fits()) return -1;
#ifdef __SSE__
    unsigned before = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(before | 0x8040); /* denormals are zero */
    int result = fibers_run(e->run, groups);
    __builtin_ia32_ldmxcsr(before);
    return result;
#else
    return fibers_run(e->run, groups);
#endif
}
