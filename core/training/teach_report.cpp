#include "core/training/teach_report.hpp"

#include <iomanip>
#include <sstream>

#include "core/base/error.hpp"

namespace lateral::training {
namespace {

std::string two_digits(double value) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(2) << value;
  return out.str();
}

std::vector<std::string> types_below(const TeachReport& report, const TeachThresholds& thresholds) {
  std::vector<std::string> missing;
  for (const auto& [type, agreement] : report.by_type) {
    const bool measurable = agreement.skill.trials >= thresholds.fewest_of_a_type;
    if (measurable && agreement.skill.value < thresholds.skill) missing.push_back(type);
  }
  return missing;
}

std::string figures(const TeachReport& report) {
  return "explained " + two_digits(report.explained) + " (mispaired " +
         two_digits(report.explained_mispaired) + "), skill " + two_digits(report.overall.skill.value) +
         " (mispaired " + two_digits(report.mispaired.skill.value) + "), divergence " +
         two_digits(report.kl) + " of " + two_digits(report.blind_kl);
}

std::string list_of(const std::vector<std::string>& types, const TeachReport& report) {
  std::string list;
  for (const auto& type : types) {
    const auto& skill = report.by_type.at(type).skill;
    list += (list.empty() ? "" : ", ") + type + " (" + two_digits(skill.value) + " of " +
            std::to_string(skill.trials) + ")";
  }
  return list;
}

}  // namespace

void judge(TeachReport& report, const TeachThresholds& thresholds) {
  const auto& skill = report.overall.skill;
  report.missing = types_below(report, thresholds);
  const bool measurable = skill.trials >= thresholds.fewest_differing;
  report.accepted = measurable && skill.value >= thresholds.skill &&
                    report.explained >= thresholds.explained &&
                    report.kl <= thresholds.kl_share * report.blind_kl;
  if (!measurable) {
    report.message = "cannot be judged: the old sense changed only " + std::to_string(skill.trials) +
                     " answers on held-out frames; record more frames or ask other questions";
    return;
  }
  report.message = std::string(report.accepted ? "reads what the old sense read: "
                                               : "does not read what the old sense read: ") +
                   figures(report);
  if (!report.missing.empty()) report.message += "; missing: " + list_of(report.missing, report);
}

void require_accepted(const TeachReport& report, bool forced) {
  if (!report.accepted && !forced) {
    fail(Errc::FailedPrecondition, "teach", "the taught connection ", report.message,
         "; it was not attached (it can be forced)");
  }
}

}  // namespace lateral::training
