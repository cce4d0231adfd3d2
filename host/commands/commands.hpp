#pragma once
// One function per command of `lateral`: each returns the exit status (host/exit_codes.hpp) or throws.

#include "host/options.hpp"

namespace lateral::host {

int run_command(const DemoOptions& options, const CommonOptions& common);
int run_command(const RunOptions& options, const CommonOptions& common);
int run_command(const AskOptions& options, const CommonOptions& common);
int run_command(const AdaptOptions& options, const CommonOptions& common);
int run_command(const EvalOptions& options, const CommonOptions& common);
int run_command(const PluginListOptions& options, const CommonOptions& common);
int run_command(const PluginShowOptions& options, const CommonOptions& common);
int run_command(const PluginCheckOptions& options, const CommonOptions& common);
int run_command(const PluginNewOptions& options, const CommonOptions& common);
int run_command(const ModelShowOptions& options, const CommonOptions& common);
int run_command(const DataCheckOptions& options, const CommonOptions& common);
int run_command(const DataImportOptions& options, const CommonOptions& common);

}  // namespace lateral::host
