// Calls an action once for each line of standard input, all of them at a time, and prints the
// results in the order of the lines:
//
//   printf '%s\n' morpheus ring | ask app://127.0.0.1:65432 search
#include <appd/client_pool.h>

#include <cstdio>
#include <exception>
#include <future>
#include <iostream>
#include <string>
#include <vector>

namespace {

using Answer = appd::Result<appd::Json>;

int ask(const char* server, const char* action) {
  appd::ClientPool pool(server);
  std::vector<std::future<Answer>> answers;
  for (std::string line; std::getline(std::cin, line);) {
    answers.push_back(pool.submit<appd::Json>(action, line, {.idempotent = true}));
  }
  int failed = 0;
  for (auto& waiting : answers) {
    const Answer answer = waiting.get();
    std::cout << (answer ? answer->text() : "Error: " + answer.error().message) << '\n';
    if (!answer) failed = 1;
  }
  return failed;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: ask SERVER ACTION < LINES\n", stderr);
    return 2;
  }
  try {
    return ask(argv[1], argv[2]);
  } catch (const std::exception& error) {  // no such address, no descriptors left
    std::fprintf(stderr, "ask: %s\n", error.what());
    return 2;
  }
}
