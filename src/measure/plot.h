/* plot.h — a recording as a picture: its spectrogram, and below it peak, RMS and loudness over time. */
#ifndef AURALIS_MEASURE_PLOT_H
#define AURALIS_MEASURE_PLOT_H

#include "measure/analysis.h"
#include "measure/picture.h"

/* After analysis_finish. `title` stands above. The caller frees the picture; 0, or AURALIS_ENOMEM. */
int plot_analysis(const struct analysis *a, const char *title, struct picture *out);

#endif
