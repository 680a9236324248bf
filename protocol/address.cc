#include "appd/protocol/address.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>

#include "appd/protocol/text/printable_text.h"

namespace appd::protocol {
namespace {

constexpr std::string_view kMark = "://";

tl::unexpected<Error> refuse(const std::string& why) { return fail(Status::kInvalidArgument, why); }

// Null: every name that has the form of one.
using KnownNames = const std::span<const std::string_view>*;

Result<Protocol> parse_protocol(std::string_view name, KnownNames known) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789-";
  if (known != nullptr && std::find(known->begin(), known->end(), name) == known->end()) {
    return refuse(unknown_protocol(name, *known));
  }
  if (!name.empty() && name.find_first_not_of(kLetters) == name.npos) return Protocol(name);
  return refuse("protocol must be lower-case letters, digits and hyphens, not " + in_quotes(name));
}

Result<TransportKind> parse_transport(std::string_view name) {
  if (name == "tcp") return TransportKind::kTcp;
  if (name == "unix") return TransportKind::kUnix;
  if (name == "tls") return refuse("transport tls is not available in this build");
  return refuse("transport must be tcp or unix, not " + in_quotes(name));
}

// PROTOCOL[+TRANSPORT]
Result<void> parse_scheme(std::string_view scheme, KnownNames known, Address& address) {
  std::size_t plus = scheme.find('+');
  Result<Protocol> protocol = parse_protocol(scheme.substr(0, plus), known);
  if (!protocol) return tl::unexpected<Error>(std::move(protocol.error()));
  address.protocol = *std::move(protocol);
  if (plus == std::string_view::npos) return {};
  Result<TransportKind> transport = parse_transport(scheme.substr(plus + 1));
  if (!transport) return tl::unexpected<Error>(std::move(transport.error()));
  address.transport = *transport;
  return {};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

Result<std::uint16_t> parse_port(std::string_view text) {
  constexpr std::size_t kMaxDigits = 5;
  constexpr unsigned kMaxPort = 65535;
  if (text.empty()) return refuse("port is missing behind the colon");
  unsigned port = kMaxPort + 1;
  if (text.size() <= kMaxDigits && std::all_of(text.begin(), text.end(), is_digit)) {
    std::from_chars(text.data(), text.data() + text.size(), port);
  }
  if (port <= kMaxPort) return static_cast<std::uint16_t>(port);
  return refuse("port must be 0 to 65535, not " + on_one_line(text));
}

// A character that no host name or number has, and which tells that something else was meant. Bytes
// past ASCII pass: getaddrinfo may know such names.
std::optional<char> find_bad_character(std::string_view host) {
  for (char c : host) {
    auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == 0x7f || std::string_view("/\\@?#[]\"'<>").find(c) != host.npos) {
      return c;
    }
  }
  return std::nullopt;
}

// The inside of the brackets: digits as in "::1" or "::ffff:10.0.0.1", then perhaps "%eth0".
bool looks_like_ipv6(std::string_view host) {
  std::size_t zone = host.find('%');
  std::string_view number = host.substr(0, zone);
  if (zone != host.npos && (zone + 1 == host.size() || find_bad_character(host.substr(zone)))) {
    return false;
  }
  return number.find(':') != number.npos &&
         number.find_first_not_of("0123456789abcdefABCDEF:.") == number.npos;
}

// RFC 6874: in a URL the '%' of a zone is written "%25". A zone that begins with 25 is written so,
// too, or it would be read otherwise; "%25" with nothing behind it is the zone 25.
constexpr std::string_view kUrlPercent = "%25";

std::string read_zone(std::string_view host) {
  std::string plain(host);
  const std::size_t percent = plain.find('%');
  if (percent == std::string::npos) return plain;
  const std::string_view zone = std::string_view(plain).substr(percent);
  if (zone.starts_with(kUrlPercent) && zone != kUrlPercent) plain.erase(percent + 1, 2);
  return plain;
}

std::string write_zone(std::string_view host) {
  std::string text(host);
  if (read_zone(host) != host) text.replace(text.find('%'), 1, kUrlPercent);
  return text;
}

Result<void> parse_bracketed(std::string_view text, Address& address) {
  std::size_t close = text.find(']');
  if (close == text.npos) return refuse("] is missing behind the IPv6 address");
  std::string_view host = text.substr(1, close - 1);
  if (!looks_like_ipv6(host)) {
    return refuse("between [ and ] an IPv6 address must stand, not " + in_quotes(host));
  }
  std::string_view rest = text.substr(close + 1);
  if (!rest.starts_with(':')) return refuse("port is missing: [IPV6]:PORT is needed");
  Result<std::uint16_t> port = parse_port(rest.substr(1));
  if (!port) return tl::unexpected<Error>(std::move(port.error()));
  address.host = read_zone(host);
  address.port = *port;
  return {};
}

Result<void> parse_host_and_port(std::string_view text, Address& address) {
  if (text.starts_with('[')) return parse_bracketed(text, address);
  std::size_t colon = text.find(':');
  if (colon == text.npos) return refuse("port is missing: HOST:PORT is needed");
  if (text.find(':', colon + 1) != text.npos && looks_like_ipv6(text)) {
    return refuse("an IPv6 address needs brackets: [IPV6]:PORT");
  }
  std::string_view host = text.substr(0, colon);
  if (std::optional<char> bad = find_bad_character(host)) {
    return refuse("host must not have the character " + in_quotes({&*bad, 1}));
  }
  Result<std::uint16_t> port = parse_port(text.substr(colon + 1));
  if (!port) return tl::unexpected<Error>(std::move(port.error()));
  address.host = host;
  address.port = *port;
  return {};
}

Result<void> parse_path(std::string_view text, Address& address) {
  if (text.empty()) return refuse("path is missing");
  if (text.find('\0') != text.npos) return refuse("path must not have a NUL byte");
  address.path = text;
  return {};
}

Result<void> parse_into(std::string_view text, KnownNames known, Address& address) {
  std::size_t mark = text.find(kMark);
  if (mark == text.npos) return parse_host_and_port(text, address);
  Result<void> scheme = parse_scheme(text.substr(0, mark), known, address);
  if (!scheme) return scheme;
  std::string_view rest = text.substr(mark + kMark.size());
  return address.transport == TransportKind::kUnix ? parse_path(rest, address)
                                                   : parse_host_and_port(rest, address);
}

Result<Address> parse(std::string_view text, KnownNames known) {
  Address address;
  Result<void> parsed = parse_into(text, known, address);
  if (parsed) return address;
  return refuse("address " + in_quotes(text) + ": " + parsed.error().message);
}

}  // namespace

std::string unknown_protocol(std::string_view name, std::span<const std::string_view> known) {
  std::string names;
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (i > 0) names += i + 1 < known.size() ? ", " : " or ";
    names += known[i];
  }
  return "protocol must be " + names + ", not " + in_quotes(name);
}

std::string Address::to_string() const {
  std::string text = protocol.name;
  if (transport == TransportKind::kUnix) {
    text += "+unix";
    text += kMark;
    return text + path;
  }
  text += kMark;
  bool is_ipv6 = host.find(':') != std::string::npos;
  text += is_ipv6 ? '[' + write_zone(host) + ']' : host;
  return text + ':' + std::to_string(port);
}

Result<Address> parse_address(std::string_view text) { return parse(text, nullptr); }

Result<Address> parse_address(std::string_view text, std::span<const std::string_view> known) {
  return parse(text, &known);
}

}  // namespace appd::protocol
