// Random programs of streams, events, copies, memsets, kernels and callbacks against a sequential model.
//
//   cairn_stream_soak [--seed N] [--steps N] [--threads 1..4] [--devices 1..3] [--seconds N]
//                     [--watchdog SECONDS] [--signals MICROSECONDS]
//
// The same seed, threads and devices give the same programs; --steps cuts them. --seconds ends early. Exit
// code 1 and a line that runs the shortest known prefix again when something differs from the model. With
// --signals a signal interrupts one of the threads after each such time, in waits, too.
#include <sys/time.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include "soak/program_runner.h"
#include "soak/random_program.h"

namespace {

constexpr uint32_t kRound = 500;

struct Options {
  uint64_t seed = std::random_device()();
  uint32_t steps = 10000;
  uint32_t seconds = 0;
  uint32_t signals = 0;
  int watchdog = 60;
  cairn::soak::Shape shape{};
};

void interrupt_after_each(uint32_t microseconds) {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  ::sigaction(SIGALRM, &action, nullptr);  // Without SA_RESTART: system calls return early.
  itimerval timer{};
  timer.it_interval.tv_usec = timer.it_value.tv_usec = static_cast<suseconds_t>(microseconds);
  ::setitimer(ITIMER_REAL, &timer, nullptr);
}

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const unsigned long long value = std::strtoull(argv[i + 1], nullptr, 10);
    if (name == "--seed")
      options.seed = value;
    else if (name == "--steps")
      options.steps = static_cast<uint32_t>(value);
    else if (name == "--seconds")
      options.seconds = static_cast<uint32_t>(value);
    else if (name == "--signals" && value < 1000000)
      options.signals = static_cast<uint32_t>(value);
    else if (name == "--watchdog")
      options.watchdog = static_cast<int>(value);
    else if (name == "--threads" && value >= 1 && value <= 4)
      options.shape.threads = static_cast<int>(value);
    else if (name == "--devices" && value >= 1 && value <= 3)
      options.shape.devices = static_cast<int>(value);
    else
      return false;
  }
  return argc % 2 == 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fprintf(stderr,
                 "usage: %s [--seed N] [--steps N] [--threads 1..4] [--devices 1..3] [--seconds N] "
                 "[--watchdog SECONDS] [--signals MICROSECONDS]\n",
                 argv[0]);
    return 2;
  }
  ::setenv("CAIRN_DEVICES", std::to_string(options.shape.devices).c_str(), 1);
  ::setenv("ASCEND_GLOBAL_LOG_LEVEL", "4", 0);  // Errors are part of the program.
  std::printf("seed %llu, %d threads, %d devices\n", static_cast<unsigned long long>(options.seed),
              options.shape.threads, options.shape.devices);
  std::fflush(stdout);
  if (options.signals != 0) interrupt_after_each(options.signals);
  const auto start = std::chrono::steady_clock::now();
  const auto is_over = [&] {
    return options.seconds != 0 &&
           std::chrono::steady_clock::now() - start > std::chrono::seconds(options.seconds);
  };
  cairn::soak::RandomProgram program(options.seed, options.shape);
  {
    cairn::soak::ProgramRunner runner(options.seed, options.shape, options.watchdog);
    while (program.operations() < options.steps && !is_over())
      runner.run(program.next_round(std::min(kRound, options.steps - program.operations())));
    runner.run(program.last_round());
    runner.check_memory();
  }
  std::printf("%u operations as in the model\n", program.operations());
  return 0;
}
