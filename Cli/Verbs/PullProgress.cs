using Managed.Loader.Hub;
using Spectre.Console;

namespace Managed.Cli.Verbs;

/// <summary>Progress of a pull: a bar with rate and time left on a terminal, plain lines elsewhere.</summary>
internal static class PullProgress
{
    public static Task<string> ShowBarAsync(IAnsiConsole console, Func<IProgress<HubProgress>, Task<string>> pull) =>
        console.Progress()
            .AutoClear(false)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new DownloadedColumn(), new TransferSpeedColumn(), new RemainingTimeColumn())
            .StartAsync(context => pull(new Bars(context)));

    /// <summary>1234567 as "1.2 MB".</summary>
    public static string Bytes(double count)
    {
        string[] units = ["B", "kB", "MB", "GB", "TB"];
        int unit = 0;
        for (; count >= 1000 && unit < units.Length - 1; unit++)
            count /= 1000;
        return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{count:0.#} {units[unit]}");
    }

    /// <summary>A line when a file is there, and at each tenth of a large one.</summary>
    internal sealed class Lines(TextWriter writer) : IProgress<HubProgress>
    {
        private const long Large = 100_000_000;
        private string? _file, _done;
        private long _tenths;

        public void Report(HubProgress value)
        {
            if (value.File != _file)
                (_file, _tenths) = (value.File, 0);
            long tenths = value.FileTotal > Large ? value.FileBytes * 10 / value.FileTotal.Value : 0;
            if (value.FileBytes == value.FileTotal)
            {
                if (_done != value.File)
                    writer.WriteLine($"{value.File}: {Bytes(value.FileBytes)}");
                _done = value.File;
            }
            else if (tenths > _tenths)
                writer.WriteLine($"{value.File}: {tenths * 10} % of {Bytes(value.FileTotal!.Value)}, {Bytes(value.BytesPerSecond)}/s");
            _tenths = tenths;
        }
    }

    private sealed class Bars(ProgressContext context) : IProgress<HubProgress>
    {
        private string? _file;
        private ProgressTask? _task;

        public void Report(HubProgress value)
        {
            if (value.File != _file)
            {
                _file = value.File;
                _task = context.AddTask(Markup.Escape(value.File), maxValue: Math.Max(1, value.FileTotal ?? value.FileBytes));
            }
            _task!.Value = value.FileTotal == 0 ? 1 : value.FileBytes;
        }
    }
}
