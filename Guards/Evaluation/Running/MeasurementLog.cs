using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Managed.Loader;

namespace Managed.Guards.Evaluation;

/// <summary>What a measurement gave for one item of many, measured now or kept from before.</summary>
/// <param name="item">What the item is called.</param>
/// <param name="input">All that the values depend on besides the model and what is measured.</param>
/// <param name="measure">Measures it.</param>
internal delegate double[] KeptValues(string item, string input, Func<double[]> measure);

/// <summary>
/// Numbers that an evaluation measures item by item (a prompt's score, a window's likelihood), one JSON object a line, written as they
/// come: after an interruption nothing is measured twice. A record is found again by a hash over everything its numbers depend on, so
/// that whatever changed is measured anew.
/// </summary>
internal sealed class MeasurementLog : IDisposable
{
    private readonly LineFile file;
    private readonly Dictionary<string, double[]> known = [];

    private MeasurementLog(LineFile file) => this.file = file;

    /// <summary>Opens the numbers of an evaluation, or begins them.</summary>
    /// <exception cref="CheckpointException">The file is no such log.</exception>
    public static MeasurementLog Open(string path)
    {
        var log = new MeasurementLog(LineFile.Open(path));
        try
        {
            for (int line = 0; line < log.file.Found.Count; line++)
            {
                Record record = log.file.Read<Record>(line);
                if (record.Key is null || record.Values is null)
                    throw new CheckpointException(path, $"line {line + 1}", null, $"\"{Utf8Text.Show(log.file.Found[line])}\"", "a key and values");
                log.known[record.Key] = record.Values;
            }
            return log;
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    /// <summary>Nothing is kept.</summary>
    public static double[] Now(string item, string input, Func<double[]> measure) => measure();

    /// <summary>The numbers of one measurement.</summary>
    /// <param name="what">What is measured.</param>
    /// <param name="by">Who is.</param>
    /// <param name="description">What the numbers depend on for all items: the model's files, the guard's contents.</param>
    public KeptValues Of(string what, string by, string description) => (item, input, measure) =>
    {
        string key = KeyOf(what, description, input);
        if (known.TryGetValue(key, out double[]? values))
            return values;
        values = measure();
        file.Append([new Record(key, what, by, item, values)], toDisk: false);
        return known[key] = values;
    };

    public void Dispose() => file.Dispose();

    private static string KeyOf(params string[] parts) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(parts))))[..32];

    private sealed record Record(string? Key, string? What, string? By, string? Item, double[]? Values);
}
