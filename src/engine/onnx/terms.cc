// TfIdfVectorizer: how often groups of terms (n-grams) stand in a list of terms.
#include <algorithm>

#include "engine/onnx/conversions.h"

namespace cairn::onnx {
namespace {

/// A vector of the output for the counts of `grams` groups: the weighted sum of what is counted for each
/// place.
class Terms {
 public:
  explicit Terms(const Node& node)
      : node_(node),
        shortest_(node.integer("min_gram_length", 1)),
        longest_(node.integer("max_gram_length", 1)),
        skips_(node.integer("max_skip_count", 0)),
        starts_(node.integers("ngram_counts", {})),
        places_(node.integers("ngram_indexes", {})),
        pool_(node.integers("pool_int64s", {})) {
    if (pool_.empty()) refuse("only terms that are numbers (pool_int64s) can be counted");
    if (shortest_ < 1 || longest_ < shortest_ || skips_ < 0 || places_.empty())
      refuse("gram lengths, skips or indexes are out of range");
  }

  Values build() {
    const Value given = convert(node_.input(0), ov::element::i64);
    const bool single = rank_of(given) == 1;
    const Value x = single ? unsqueeze(given, {0}) : given;
    const auto terms = static_cast<int64_t>(shape_of(x).at(1));
    Values counts;
    for (size_t i = 0; i < starts_.size(); ++i)
      count_grams(x, terms, static_cast<int64_t>(i + 1), group(i), counts);
    if (counts.empty()) refuse("no group of terms has a length that is asked for");
    const Value found = concat(counts, 1);
    const Value y =
        make<op::MatMul>(node_.text("mode", "TF") == "IDF" ? appears(found) : found, matrix(), false, false);
    return {single ? squeeze(y, 0) : y};
  }

 private:
  static Value appears(const Value& counts) {
    return convert(make<op::Greater>(counts, like(counts, 0)), counts.get_element_type());
  }

  /// The terms of all groups of one length.
  std::vector<int64_t> group(size_t i) const {
    const auto size = static_cast<int64_t>(pool_.size());
    const int64_t begin = starts_[i];
    const int64_t end = i + 1 < starts_.size() ? starts_[i + 1] : size;
    if (begin < 0 || end < begin || end > size) refuse("ngram_counts does not fit pool_int64s");
    return {pool_.begin() + begin, pool_.begin() + end};
  }

  void count_grams(const Value& x, int64_t terms, int64_t length, const std::vector<int64_t>& pool,
                   Values& counts) {
    const int64_t grams = static_cast<int64_t>(pool.size()) / length;
    const int64_t first = used_;
    used_ += grams;
    if (length < shortest_ || length > longest_ || grams == 0) return;
    for (int64_t i = first; i < used_; ++i)
      columns_.push_back(i);
    Value sum = make<op::Broadcast>(real_zero(), concat({dim(x, 0), numbers({grams})}, 0));
    const int64_t most = length == 1 ? 0 : skips_;
    for (int64_t skip = 0; skip <= most; ++skip) {
      const int64_t step = skip + 1;
      const int64_t starts = terms - (length - 1) * step;
      if (starts <= 0) break;
      sum = add(sum, matches(x, length, step, starts, pool, grams));
    }
    counts.push_back(sum);
  }

  static Value real_zero() {
    return make<op::Constant>(ov::element::f32, ov::Shape{}, std::vector<float>{0});
  }

  /// How many places each gram begins at, with this step from term to term: [lists, grams].
  static Value matches(const Value& x, int64_t length, int64_t step, int64_t starts,
                       const std::vector<int64_t>& pool, int64_t grams) {
    Value all;
    for (int64_t k = 0; k < length; ++k) {
      const Value terms = unsqueeze(slice(x, 1, numbers({k * step}), numbers({k * step + starts})), {2});
      std::vector<int64_t> wanted;
      for (int64_t g = 0; g < grams; ++g)
        wanted.push_back(pool[static_cast<size_t>(g * length + k)]);
      const Value equal = make<op::Equal>(terms, unsqueeze(numbers(wanted), {0, 1}));
      all = k == 0 ? equal : make<op::LogicalAnd>(all, equal);
    }
    return reduce_sum(convert(all, ov::element::f32), {1});
  }

  /// From counted grams to places of the output, with weights.
  Value matrix() const {
    const std::vector<float> weights = node_.reals("weights");
    const bool weighted = node_.text("mode", "TF") != "TF" && !weights.empty();
    const int64_t width = *std::ranges::max_element(places_) + 1;
    std::vector<float> values(columns_.size() * static_cast<size_t>(width), 0.0F);
    for (size_t row = 0; row < columns_.size(); ++row) {
      const auto gram = static_cast<size_t>(columns_[row]);
      if (gram >= places_.size() || places_[gram] < 0) refuse("ngram_indexes does not fit pool_int64s");
      if (weighted && gram >= weights.size()) refuse("weights do not fit pool_int64s");
      values[row * static_cast<size_t>(width) + static_cast<size_t>(places_[gram])] =
          weighted ? weights[gram] : 1;
    }
    return make<op::Constant>(ov::element::f32, ov::Shape{columns_.size(), static_cast<size_t>(width)},
                              values);
  }

  const Node& node_;
  const int64_t shortest_;
  const int64_t longest_;
  const int64_t skips_;
  const std::vector<int64_t> starts_;
  const std::vector<int64_t> places_;
  const std::vector<int64_t> pool_;
  int64_t used_ = 0;              ///< Grams of lengths that were looked at.
  std::vector<int64_t> columns_;  ///< The grams that are counted.
};

}  // namespace

void add_terms(Conversions& conversions) {
  conversions.add("TfIdfVectorizer", [](const Node& node) { return Terms(node).build(); });
}

}  // namespace cairn::onnx
