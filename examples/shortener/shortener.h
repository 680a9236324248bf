// Short names for long addresses, kept by SQLite in a file. A database blocks: its actions run in
// the worker pool, one at a time.
#pragma once

#include <appd/app.h>
#include <sqlite3.h>

#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

class Links {
 public:
  // Throws std::runtime_error: the file cannot be opened as a database.
  explicit Links(const std::string& file) {
    sqlite3* opened = nullptr;
    const int result = sqlite3_open(file.c_str(), &opened);
    database_.reset(opened);
    if (result != SQLITE_OK) throw failure();
    run("CREATE TABLE IF NOT EXISTS links (number INTEGER PRIMARY KEY, url TEXT UNIQUE)", {});
  }

  std::int64_t add(std::string_view url) {
    const std::lock_guard lock(mutex_);
    run("INSERT OR IGNORE INTO links (url) VALUES (?)", url);
    return run("SELECT number FROM links WHERE url = ?", url).number.value();
  }
  // nullopt: nobody was given that.
  std::optional<std::string> find(std::int64_t number) {
    const std::lock_guard lock(mutex_);
    return run("SELECT number, url FROM links WHERE number = ?", number).url;
  }

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  struct Row {
    std::optional<std::int64_t> number;
    std::optional<std::string> url;
  };

  std::runtime_error failure() const {
    return std::runtime_error(std::string("database: ") + sqlite3_errmsg(database_.get()));
  }
  static int bind(sqlite3_stmt* statement, std::string_view text) {
    return sqlite3_bind_text64(statement, 1, text.data(), text.size(), SQLITE_TRANSIENT,
                               SQLITE_UTF8);
  }
  static int bind(sqlite3_stmt* statement, std::int64_t number) {
    return sqlite3_bind_int64(statement, 1, number);
  }
  static int bind(sqlite3_stmt*, std::nullptr_t) { return SQLITE_OK; }

  // The first row of the answer.
  template <class Value = std::nullptr_t>
  Row run(const char* sql, const Value& value) {
    sqlite3_stmt* prepared = nullptr;
    if (sqlite3_prepare_v2(database_.get(), sql, -1, &prepared, nullptr) != SQLITE_OK)
      throw failure();
    const std::unique_ptr<sqlite3_stmt, Close> statement(prepared);
    if (bind(prepared, value) != SQLITE_OK) throw failure();
    const int result = sqlite3_step(prepared);
    if (result == SQLITE_DONE) return {};
    if (result != SQLITE_ROW) throw failure();
    Row row{.number = sqlite3_column_int64(prepared, 0), .url = {}};
    if (sqlite3_column_count(prepared) > 1) {
      row.url.emplace(reinterpret_cast<const char*>(sqlite3_column_text(prepared, 1)),
                      static_cast<std::size_t>(sqlite3_column_bytes(prepared, 1)));
    }
    return row;
  }

  std::mutex mutex_;
  std::unique_ptr<sqlite3, Close> database_;
};

class Shortener {
 public:
  // `file`: unless the option says so.
  explicit Shortener(std::string file = "links.db") : file_(std::move(file)) {}

  void add_to(appd::App& app) {
    app.option("database", "The file that links are kept in", file_);
    app.on_start([this](const appd::Options&) { links_.emplace(file_); });
    app.on_stop([this] { links_.reset(); });
    app.on("shorten",
           [this](std::string_view url) -> appd::Result<std::string> {
             if (!url.starts_with("https://") && !url.starts_with("http://")) {
               return appd::fail(appd::Status::kInvalidArgument,
                                 "an address begins with http(s)://");
             }
             return to_name(links_->add(url));
           },
           {.summary = "a short name for an address", .blocks = true});
    app.on("expand",
           [this](std::string_view name) -> appd::Result<std::string> {
             const auto number = to_number(name);
             auto url = number ? links_->find(*number) : std::nullopt;
             if (!url) return appd::fail(appd::Status::kInvalidArgument, "no link of that name");
             return *std::move(url);
           },
           {.summary = "the address that was given this name", .blocks = true});
  }

 private:
  static constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
  // "s1", "s2" ...: a letter first, so that no name looks like a number.
  static std::string to_name(std::int64_t number) {
    std::string digits;
    for (; number > 0; number /= 36) digits += kDigits[static_cast<std::size_t>(number % 36)];
    return "s" + std::string(digits.rbegin(), digits.rend());
  }
  static std::optional<std::int64_t> to_number(std::string_view name) {
    if (!name.starts_with('s') || name.size() < 2 || name.size() > 12) return std::nullopt;
    std::int64_t number = 0;
    for (const char c : name.substr(1)) {
      const std::size_t digit = kDigits.find(c);
      if (digit == std::string_view::npos) return std::nullopt;
      number = number * 36 + static_cast<std::int64_t>(digit);
    }
    return number;
  }

  std::string file_;
  std::optional<Links> links_;
};
