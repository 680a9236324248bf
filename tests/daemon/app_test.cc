// An App from main to its exit code, each in a process of its own.
#include "appd/daemon/app.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <thread>

#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/text_file.h"

using namespace appd::daemon;
using namespace appd::testing;

namespace {

struct Fixture {
  appd::testing::TemporaryFolder folder;
  std::string notes = folder.file("notes");
  std::string socket = folder.file("socket");
  std::string listen = "--listen=raw-echo+unix://" + socket;
  std::string pid_file = "--pid-file=" + folder.file("pid");

  void note(const std::string& text) const {
    write_text_file(notes, read_text_file(notes) + text + "\n");
  }

  // A program whose main() does this with its App.
  Outcome run(const std::function<void(App&)>& with, const char* flag = "--threads=2") const {
    return run_child([&] {
      const char* const argv[] = {"app", listen.c_str(), pid_file.c_str(), flag, nullptr};
      App app(4, argv);
      with(app);
      return app.run();
    });
  }
  bool nothing_left() const {
    return !std::filesystem::exists(socket) && !std::filesystem::exists(folder.file("pid"));
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "app: start functions run in order, stop functions backwards") {
  const Outcome outcome = run([this](App& app) {
    app.on_start([this](const Options& options) {
      note("one, " + std::to_string(options.threads) + " threads, pid file " +
           (std::filesystem::exists(folder.file("pid")) ? "there" : "missing"));
    });
    app.on_start([this](const Options&) {
      note("two");
      ::raise(SIGTERM);
    });
    app.on_stop([this] { note("stop one"); });
    app.on_stop([this] { note(nothing_left() ? "too late" : "stop two"); });
  });
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.output == "listening on raw-echo+unix://" + socket + "\n");
  CHECK(read_text_file(notes) == "one, 2 threads, pid file there\ntwo\nstop two\nstop one\n");
  CHECK(nothing_left());
}

TEST_CASE_FIXTURE(Fixture, "app: what a start function throws is one line and exit code 1") {
  const Outcome outcome = run([this](App& app) {
    app.on_start([](const Options&) { throw std::runtime_error("no database at db:1"); });
    app.on_stop([this] { note("stopped"); });
  });
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.output.empty());
  CHECK(outcome.errors == "app: no database at db:1\n");
  CHECK(read_text_file(notes).empty());
  CHECK(nothing_left());
}

TEST_CASE_FIXTURE(Fixture, "app: a start that fails behind the start functions stops again") {
  write_text_file(socket, "precious");
  const Outcome outcome = run([this](App& app) {
    app.on_start([](const Options&) {});
    app.on_stop([this] { note("stopped"); });
  });
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.output.empty());
  CHECK(read_text_file(notes) == "stopped\n");
}

TEST_CASE_FIXTURE(Fixture, "app: what a stop function throws is logged") {
  const Outcome outcome = run([](App& app) {
    app.on_start([](const Options&) { ::raise(SIGTERM); });
    app.on_stop([] { throw std::runtime_error("cannot close"); });
  });
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.errors.find("cannot close") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "app: a thread of a start function lives in the daemon") {
  Pipe ended;
  const int write_end = ended.write_end.get();
  const Outcome outcome = run(
      [&](App& app) {
        const auto thread = std::make_shared<std::thread>();
        app.on_start([thread](const Options&) {
          *thread = std::thread([] { ::kill(::getpid(), SIGTERM); });
        });
        app.on_stop([thread, write_end] {
          thread->join();
          tell(write_end, "joined");
        });
      },
      "--daemon");
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.output == "listening on raw-echo+unix://" + socket + "\n");
  CHECK(ended.read_all() == "joined");
}

TEST_CASE_FIXTURE(Fixture,
                  "app: a daemon whose main() has made a thread does not start, and says so") {
  const Outcome outcome = run(
      [](App&) {
        std::thread([] {
          while (true) std::this_thread::sleep_for(std::chrono::hours(1));
        }).detach();
      },
      "--daemon");
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.output.empty());
  CAPTURE(outcome.errors);  // how many they are: a sanitizer may have some of its own
  CHECK(outcome.errors.starts_with("app: going to the background would end "));
  CHECK(outcome.errors.ends_with(
      " of the program's threads; start them in a function given to on_start()\n"));
  CHECK(nothing_left());
}

TEST_CASE_FIXTURE(Fixture, "app: every signal that comes before it serves waits") {
  const Outcome outcome = run([](App& app) {
    for (const int signo : {SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE, SIGXFSZ}) ::raise(signo);
    app.on_start([](const Options&) {
      ::raise(SIGHUP);
      ::raise(SIGINT);
    });
  });
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.output.starts_with("listening on "));
  CHECK(nothing_left());
}

TEST_CASE_FIXTURE(Fixture,
                  "app: programs that it starts have their signals, and can be waited for") {
  int status = -1;
  const Outcome outcome = run_child([&] {
    ::signal(SIGCHLD, SIG_IGN);  // as somebody who started us may have left it
    const char* const argv[] = {"app", listen.c_str(), nullptr};
    App app(2, argv);
    app.on_start([&](const Options&) {
      status = std::system("kill -TERM $$; exit 3");
      ::raise(SIGTERM);
    });
    const int exit_code = app.run();
    return exit_code == 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM ? 0 : 1;
  });
  CHECK(outcome.exit_code == 0);
}

TEST_CASE_FIXTURE(Fixture, "app: a standard output that takes nothing ends the start with a line") {
  const Outcome outcome = run([](App&) {
    const int full = ::open("/dev/full", O_WRONLY);
    ::dup2(full, STDOUT_FILENO);
  });
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.errors == "app: write standard output: No space left on device\n");
  CHECK(nothing_left());
}

TEST_CASE_FIXTURE(Fixture, "app: options of its own come from flags, and from the file again") {
  const std::string file = folder.file("app.toml");
  write_text_file(file, "sweep = \"2s\"\nmost = 7\n");
  const Outcome outcome = run_child([&] {
    const char* const argv[] = {"app", listen.c_str(), "--config", file.c_str(), "--most",
                                "8",   nullptr};
    App app(6, argv);
    int most = 5;
    std::atomic<std::chrono::milliseconds> sweep = std::chrono::milliseconds(100);
    std::string word = "first";
    bool loud = false;
    app.option("most", "help", most, {1, 9});
    app.option("sweep", "help", sweep, {std::chrono::milliseconds(1)});
    app.option("word", "help", word);
    app.option("loud", "help", loud);
    const auto note_all = [&](const char* when) {
      note(std::string(when) + ": " + std::to_string(most) + " " +
           std::to_string(sweep.load().count()) + " " + word + (loud ? " loud" : ""));
    };
    app.on_start([&](const Options&) {
      note_all("start");
      write_text_file(file, "loud = true\nword = \"second\"\nmost = 6\n");
      ::raise(SIGHUP);
    });
    app.on_reload([](const Options&) { throw std::runtime_error("only told"); });
    return [&] {
      app.on_reload([&](const Options&) { note_all("never called, behind the one that throws"); });
      app.every(std::chrono::milliseconds(1), [&] {
        if (!loud) return;
        note_all("reloaded");
        ::raise(SIGTERM);
        loud = false;
      });
      return app.run();
    }();
  });
  CHECK(outcome.exit_code == 0);
  CHECK(read_text_file(notes) == "start: 8 2000 first\nreloaded: 8 100 second loud\n");
  CHECK(outcome.errors.find("error a reload function failed reason=\"only told\"") !=
        std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "app: a wrong value of an option of its own ends the start") {
  const Outcome outcome = run_child([&] {
    const char* const argv[] = {"app", listen.c_str(), "--most=10", nullptr};
    App app(3, argv);
    int most = 5;
    app.option("most", "help", most, {1, 9});
    const int exit_code = app.run();
    return most == 5 ? exit_code : 99;
  });
  CHECK(outcome.exit_code == 2);
  CHECK(outcome.errors == "app: flag --most: \"10\" is not a whole number of 1 to 9\n");
}

TEST_CASE_FIXTURE(Fixture, "app: its log has lines of the program, from the start to the stop") {
  const Outcome outcome = run([](App& app) {
    app.on_start([&app](const Options&) {
      app.log().info("opened", {{"path", "/var/lib/words"}, {"entries", 3}});
      app.log().debug("not at this level");
      if (!app.log().enabled(appd::logging::Level::kInfo)) app.log().error("wrong");
      ::raise(SIGTERM);
    });
    app.on_stop([&app] { app.log().warn("closed"); });
  });
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.errors.find(" info opened path=/var/lib/words entries=3\n") != std::string::npos);
  CHECK(outcome.errors.find(" warn closed\n") != std::string::npos);
  CHECK(outcome.errors.find("not at this level") == std::string::npos);
  CHECK(outcome.errors.find("wrong") == std::string::npos);
}
