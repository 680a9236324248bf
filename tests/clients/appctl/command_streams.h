// The three streams of a command as files, and what was written to them.
#pragma once

#include <doctest/doctest.h>

#include <cstdio>
#include <memory>
#include <string>

#include "appd/clients/appctl/console.h"

namespace appd::testing {

class CommandStreams {
 public:
  explicit CommandStreams(const std::string& input = "") {
    std::fwrite(input.data(), 1, input.size(), in_.get());
    std::rewind(in_.get());
  }

  [[nodiscard]] clients::Streams streams() const {
    return {::fileno(in_.get()), ::fileno(out_.get()), ::fileno(err_.get())};
  }
  [[nodiscard]] std::string out() const { return text(out_.get()); }
  [[nodiscard]] std::string err() const { return text(err_.get()); }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, Close>;

  static File open() {
    File file(std::tmpfile());
    REQUIRE(file);
    return file;
  }
  static std::string text(std::FILE* file) {
    std::string all;
    char piece[4096];
    std::rewind(file);
    while (const std::size_t count = std::fread(piece, 1, sizeof piece, file)) {
      all.append(piece, count);
    }
    return all;
  }

  File in_ = open();
  File out_ = open();
  File err_ = open();
};

}  // namespace appd::testing
