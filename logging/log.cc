#include "appd/logging/log.h"

#include <pthread.h>
#include <spdlog/async.h>
#include <spdlog/sinks/sink.h>

#include <chrono>
#include <csignal>
#include <utility>

#include "appd/logging/log_line.h"
#include "appd/logging/log_output.h"
#include "appd/machine/thread_limits.h"
#include "appd/options/start_error.h"

namespace appd::logging {
namespace {

using spdlog::details::thread_pool;
constexpr std::chrono::seconds kBetweenNotices{1};

// Signals are for the loops; and SIGPIPE of a closed standard error must not end the process.
void block_signals() {
  sigset_t all;
  sigfillset(&all);  // a macro on some systems
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

// Writes the lines that come out of spdlog's queue, on its thread, and tells of those that did not.
class LineSink final : public spdlog::sinks::sink {
 public:
  explicit LineSink(const LogOptions& options) : output_(options.file), format_(options.format) {}

  LogOutput& output() { return output_; }

  // `pool` outlives every call of log().
  void watch(thread_pool& pool) { pool_ = &pool; }

  void log(const spdlog::details::log_msg& line) override {
    overrun_.store(pool_->overrun_counter(), std::memory_order_relaxed);
    if (line.time - last_notice_ >= kBetweenNotices) tell_dropped(line.time);
    if (!output_.write({line.payload.data(), line.payload.size()})) count_lost();
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

  void count_lost() { lost_.fetch_add(1, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t dropped() const {
    return overrun_.load(std::memory_order_relaxed) + lost_.load(std::memory_order_relaxed);
  }

  // On the log's thread, like log().
  void tell_dropped(std::chrono::system_clock::time_point now) {
    const std::uint64_t untold = dropped() - told_;
    if (untold == 0) return;
    last_notice_ = now;
    std::string notice;
    const Field count("count", untold);
    append_log_line(notice, format_, now, Level::kWarn, "log lines were dropped", {&count, 1});
    if (output_.write(notice)) told_ += untold;
  }

 private:
  LogOutput output_;
  const LogFormat format_;
  thread_pool* pool_ = nullptr;
  std::atomic<std::uint64_t> overrun_ = 0;  // dropped by the queue, when a line last came out
  std::atomic<std::uint64_t> lost_ = 0;     // could not be written
  std::uint64_t told_ = 0;
  std::chrono::system_clock::time_point last_notice_;
};

}  // namespace

struct Log::Impl {
  explicit Impl(const LogOptions& options) : sink(std::make_shared<LineSink>(options)) {}

  void start() {
    const auto tell_rest = [lines = sink] {
      lines->tell_dropped(std::chrono::system_clock::now());
    };
    pool = std::make_shared<thread_pool>(kLogQueueLines, 1, block_signals, tell_rest);
    sink->watch(*pool);
    logger = std::make_shared<spdlog::async_logger>("appd", sink, pool,
                                                    spdlog::async_overflow_policy::overrun_oldest);
    logger->set_level(spdlog::level::trace);  // enabled() has chosen
    // spdlog would print on standard error.
    logger->set_error_handler([lines = sink](const std::string&) { lines->count_lost(); });
  }

  ~Impl() {
    // Writes what is queued and joins the thread; only then the logger, which its lines refer to,
    // so that the last reference to it is ours.
    pool.reset();
    logger.reset();
  }

  std::shared_ptr<LineSink> sink;
  std::shared_ptr<thread_pool> pool;
  std::shared_ptr<spdlog::async_logger> logger;
};

Log::Log(const LogOptions& options)
    : level_(options.level), format_(options.format), impl_(std::make_unique<Impl>(options)) {
  const reactor::Result<void> opened = impl_->sink->output().open();
  if (!opened) throw options::StartError(opened.error().message);
  try {
    impl_->start();
  } catch (const std::system_error&) {
    throw machine::thread_start_error("the log");
  }
}

Log::~Log() = default;

void Log::write(Level level, std::string_view message, std::span<const Field> fields) {
  if (!enabled(level)) return;
  try {
    thread_local std::string line;  // keeps its memory from line to line
    line.clear();
    append_log_line(line, format_, std::chrono::system_clock::now(), level, message, fields);
    impl_->logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  } catch (const std::exception&) {
    impl_->sink->count_lost();  // no memory for a line must not end the server
  }
}

reactor::Result<void> Log::reopen() { return impl_->sink->output().open(); }

std::uint64_t Log::dropped() const { return impl_->sink->dropped(); }

}  // namespace appd::logging
