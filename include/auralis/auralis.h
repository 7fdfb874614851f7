/* auralis.h — the whole public interface. See engine.h for the first example. */
#ifndef AURALIS_H
#define AURALIS_H
#include <auralis/engine.h>
#include <auralis/error.h>
#include <auralis/parameters.h>
#include <auralis/presets.h>
#include <auralis/render.h>
#include <auralis/score.h>
#include <auralis/stream.h>
#endif
