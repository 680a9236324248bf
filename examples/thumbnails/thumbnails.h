// Thumbnails of pictures (binary PPM, "P6"), computed in the worker pool piece by piece. The caller
// gives its request an id: others ask for its progress by that, or cancel it; a caller that leaves
// cancels it as well.
#pragma once

#include <appd/app.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>

struct Picture {
  std::size_t width = 0;
  std::size_t height = 0;
  std::string pixels;  // 3 bytes each, row by row
};

inline appd::Result<Picture> read_picture(std::string_view text) {
  const auto bad = [] {
    return appd::fail(appd::Status::kInvalidArgument,
                      "not a picture: P6 WIDTH HEIGHT 255 and pixels");
  };
  std::array<std::size_t, 3> numbers{};
  if (!text.starts_with("P6")) return bad();
  text.remove_prefix(2);
  for (std::size_t& number : numbers) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (parsed.ec != std::errc()) return bad();
    text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
  }
  const auto [width, height, depth] = numbers;
  if (text.empty() || depth != 255 || width - 1 > 65'535 || height - 1 > 65'535) return bad();
  text.remove_prefix(1);
  if (text.size() != width * height * 3) return bad();
  return Picture{width, height, std::string(text)};
}

// Rows of the half of a picture: each pixel the mean of four.
inline std::string halved_rows(const Picture& picture, std::size_t first, std::size_t count) {
  std::string rows;
  const auto at = [&picture](std::size_t x, std::size_t y, std::size_t colour) {
    return static_cast<unsigned char>(picture.pixels[(y * picture.width + x) * 3 + colour]);
  };
  for (std::size_t y = 2 * first; y < 2 * (first + count); y += 2) {
    for (std::size_t x = 0; x + 1 < picture.width; x += 2) {
      for (std::size_t c = 0; c < 3; ++c) {
        rows += static_cast<char>(
            (at(x, y, c) + at(x + 1, y, c) + at(x, y + 1, c) + at(x + 1, y + 1, c)) / 4);
      }
    }
  }
  return rows;
}

class Thumbnails {
 public:
  void add_to(appd::App& app) {
    app.on("thumbnail",
           [this](appd::OwnedRequest request, appd::CallContext call) {
             return thumbnail(std::move(request), std::move(call));
           },
           {.summary = "a picture at half its size"});
    app.on("progress",
           [this](std::string_view id) -> std::optional<int> {
             const std::lock_guard lock(mutex_);
             const auto found = jobs_.find(id);
             return found != jobs_.end() ? std::optional(found->second->percent) : std::nullopt;
           },
           {.summary = "per cent of the thumbnail with that id; null: there is none"});
    app.on("cancel",
           [this](std::string_view id) {
             const std::lock_guard lock(mutex_);
             const auto found = jobs_.find(id);
             if (found != jobs_.end()) found->second->cancelled = true;
             return found != jobs_.end();
           },
           {.summary = "whether there was one to cancel"});
  }

 private:
  static constexpr std::size_t kRowsAtATime = 16;

  struct Job {
    int percent = 0;
    bool cancelled = false;
  };
  // Listed as long as its coroutine lives, which is destroyed with a caller that leaves.
  class Listed {
   public:
    Listed(Thumbnails& thumbnails, std::string id) : thumbnails_(thumbnails), id_(std::move(id)) {
      const std::lock_guard lock(thumbnails_.mutex_);
      thumbnails_.jobs_[id_] = &job_;
    }
    Listed(const Listed&) = delete;
    Listed& operator=(const Listed&) = delete;
    ~Listed() {
      const std::lock_guard lock(thumbnails_.mutex_);
      const auto found = thumbnails_.jobs_.find(id_);
      if (found != thumbnails_.jobs_.end() && found->second == &job_)
        thumbnails_.jobs_.erase(found);
    }
    // False: somebody has cancelled it.
    bool done(std::size_t rows, std::size_t all) {
      const std::lock_guard lock(thumbnails_.mutex_);
      job_.percent = static_cast<int>(rows * 100 / all);
      return !job_.cancelled;
    }

   private:
    Thumbnails& thumbnails_;
    const std::string id_;
    Job job_;
  };

  // `json`: a string or a number; of a string what is in it.
  static std::string id_of(std::string_view json) {
    const auto id = appd::JsonView::parse(json);
    std::string scratch;
    const bool text = id && id->kind() == appd::protocol::JsonKind::kString;
    return std::string(text ? id->string(scratch) : json);
  }

  appd::Task<appd::Result<appd::Reply>> thumbnail(appd::OwnedRequest request,
                                                  appd::CallContext call) {
    const auto& bytes = request->payload;
    auto read = read_picture({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    if (!read) co_return tl::unexpected(read.error());
    const auto picture = std::make_shared<const Picture>(std::move(*read));
    const std::size_t height = picture->height / 2;
    Listed listed(*this, id_of(request->header->request_id));
    std::string pixels;
    for (std::size_t row = 0; row < height; row += kRowsAtATime) {
      const std::size_t count = std::min(kRowsAtATime, height - row);
      auto work = call.offload([picture, row, count] { return halved_rows(*picture, row, count); });
      const auto rows = co_await work;
      if (!rows) co_return tl::unexpected(rows.error());
      pixels += *rows;
      if (!listed.done(row + count, height)) {
        co_return appd::fail(appd::Status::kUnavailable, "cancelled");
      }
    }
    appd::Reply reply;
    reply.set_binary("P6 " + std::to_string(picture->width / 2) + " " + std::to_string(height) +
                         " 255\n" + pixels,
                     "image/x-portable-pixmap");
    co_return reply;
  }

  std::mutex mutex_;
  std::map<std::string, Job*, std::less<>> jobs_;
};
