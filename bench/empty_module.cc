// A function that does nothing: what a call from Python costs at least.
#include <nanobind/nanobind.h>

NB_MODULE(empty_module, m) {
  m.def("nothing", [] {});
}
