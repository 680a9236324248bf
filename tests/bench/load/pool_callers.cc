// pool_callers HOW SERVER CALLERS SECONDS: so many threads call `search` one after the other, each
// over a blocking client of its own (HOW is `clients`), or all through one pool of four connections
// (`pool`). Prints calls a second and the CPU time of a call, in microseconds.
#include <appd/client_pool.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

constexpr std::string_view kFound = "Follow the white rabbit. \U0001f430";

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Makes one call over and over; false: the answer was wrong.
using Caller = std::function<bool()>;

Caller through(appd::ClientPool& pool) {
  return [&pool] { return pool.call<std::string>("search", "morpheus") == kFound; };
}

Caller over_one_of_its_own(const std::string& server) {
  std::shared_ptr<appd::Client> client = appd::Client::connect(server).value();
  return
      [client,
       request =
           appd::build_request("search", {.text = "morpheus"}, appd::ValueForm::kString).value()] {
        const auto reply = client->call(request);
        return reply && reply->result_text() == kFound;
      };
}

int run(std::string_view how, const std::string& server, std::size_t count, double seconds) {
  appd::ClientPool pool(server);
  std::atomic<bool> over = false;
  std::atomic<std::uint64_t> calls = 0;
  std::atomic<bool> wrong = false;
  std::vector<std::thread> threads;
  const double cpu_before = cpu_seconds();
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&] {
      const Caller call = how == "pool" ? through(pool) : over_one_of_its_own(server);
      std::uint64_t made = 0;
      for (; !over; ++made) {
        if (!call()) wrong = true;
      }
      calls += made;
    });
  }
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  over = true;
  for (std::thread& thread : threads) thread.join();
  const auto made = static_cast<double>(calls.load());
  std::printf("%.0f %.3f\n", made / seconds, (cpu_seconds() - cpu_before) * 1e6 / made);
  return wrong ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: pool_callers pool|clients SERVER CALLERS SECONDS\n", stderr);
    return 2;
  }
  return run(argv[1], argv[2], std::strtoul(argv[3], nullptr, 10), std::strtod(argv[4], nullptr));
}
