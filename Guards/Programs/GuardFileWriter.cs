using System.Text.Encodings.Web;
using System.Text.Json;
using Managed.Kernels.Edits;
using Managed.Loader;

namespace Managed.Guards;

/// <summary>Writes a guard as `*.guard.json`, and its tensors to a safetensors file beside it.</summary>
internal static class GuardFileWriter
{
    private const string Ending = ".guard.json";

    public static void Write(GuardProgram program, string path)
    {
        if (!path.EndsWith(Ending, StringComparison.Ordinal))
            throw new GuardException($"{path}: expected a name that ends with {Ending}.");
        if (program.Steps.FirstOrDefault(step => step.Custom is not null) is { } custom)
            throw new GuardException($"guard {program.Name}: found {custom.Custom}, a user's code, which no file can hold.");
        string vectors = Path.GetFileName(path)[..^Ending.Length] + ".safetensors";
        if (program.Tensors.Count > 0)
            SafetensorsWriter.Write(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, vectors),
                [.. program.Tensors.Select(tensor => TensorToWrite.From(tensor.Key, Array.ConvertAll(tensor.Value.Shape, size => (long)size), tensor.Value.Values))]);
        AtomicFile.Write(path, stream =>
        {
            using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
            Write(json, program, program.Tensors.Count > 0 ? vectors : null, Path.GetDirectoryName(Path.GetFullPath(path))!);
        });
    }

    private static void Write(Utf8JsonWriter json, GuardProgram program, string? vectors, string folder)
    {
        json.WriteStartObject();
        json.WriteString("format", GuardFileReader.Format);
        json.WriteString("name", program.Name);
        if (program.What.Length > 0)
            json.WriteString("what", program.What);
        if (vectors is not null)
            json.WriteString("vectors", vectors);
        if (program.Adapter is { } adapter)
            json.WriteString("adapter", Path.GetRelativePath(folder, adapter));
        Write(json, program.Head);
        if (program.Decide.Count > 0)
        {
            json.WriteStartObject("decide");
            if (program.DecideSuffix.Length > 0)
                json.WriteString("suffix", program.DecideSuffix);
            Write(json, program.Decide);
            json.WriteEndObject();
        }
        Write(json, program.Steps);
        WriteList(json, "lanes", program.Lanes, lane => Write(json, lane, folder));
        WriteList(json, "logits", program.Logits, stage => Write(json, stage));
        if (program.Late is { } late)
        {
            json.WriteStartObject("late_lanes");
            json.WriteNumber("tokens", late.Tokens);
            json.WriteString("accept", GuardFileReader.AcceptanceNames.First(known => known.Value == late.Acceptance).Key);
            json.WriteEndObject();
        }
        WriteList(json, "flow", program.Flow, rule => Write(json, rule));
        json.WriteEndObject();
    }

    private static void WriteList<T>(Utf8JsonWriter json, string name, IReadOnlyList<T> items, Action<T> write)
    {
        if (items.Count == 0)
            return;
        json.WriteStartArray(name);
        foreach (T item in items)
        {
            json.WriteStartObject();
            write(item);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyList<GuardStep> steps)
    {
        json.WriteStartArray("steps");
        foreach (GuardStep step in steps)
            Write(json, step);
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, GuardHead? head)
    {
        if (head is null)
            return;
        json.WriteStartObject("head");
        WriteTexts(json, ("weight", head.Weight), ("down", head.Down), ("up", head.Up));
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, GuardLaneSource lane, string folder)
    {
        WriteTexts(json, ("name", lane.Name), ("system", lane.System), ("adapter", lane.Adapter is { } adapter ? Path.GetRelativePath(folder, adapter) : null),
            ("model", lane.Model is { } model ? Path.GetRelativePath(folder, model) : null));
        Write(json, lane.Head);
        if (lane.Steps.Count > 0)
            Write(json, lane.Steps);
    }

    private static void Write(Utf8JsonWriter json, GuardLogits stage)
    {
        WriteTexts(json, ("do", stage.Do), ("lane", stage.Lane));
        foreach (string member in StageCompiler.Names.First(known => known.Name == stage.Do).Members)
            if (member != "rounded")
                json.WriteNumber(member, member switch { "keep" => stage.Keep, "cut" => stage.Cut, "common" => stage.Common, _ => stage.Strength });
        if (stage.Rounded)
            json.WriteBoolean("rounded", true);
        if (stage.Tokens is { } tokens)
            json.WriteNumber("tokens", tokens);
        if (stage.Ids.Length > 0)
            WriteWholes(json, "ids", stage.Ids);
    }

    private static void Write(Utf8JsonWriter json, GuardFlow rule)
    {
        WriteTexts(json, ("when", rule.When?.ToString()), ("switch", rule.Switch?.ToString()), ("refuse", rule.Refuse));
        if (rule.Pilot > 0)
            json.WriteNumber("pilot", rule.Pilot);
        Write(json, rule.Head);
    }

    private static void WriteTexts(Utf8JsonWriter json, params (string Name, string? Text)[] members)
    {
        foreach ((string name, string? text) in members)
            if (text is not null)
                json.WriteString(name, text);
    }

    private static void WriteWholes(Utf8JsonWriter json, string name, int[] wholes)
    {
        json.WriteStartArray(name);
        foreach (int whole in wholes)
            json.WriteNumberValue(whole);
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, GuardStep step)
    {
        json.WriteStartObject();
        json.WriteString("at", step.At);
        if (step.On != GuardPositions.All)
            WritePositions(json, step.On);
        if (step.When is { } when)
            json.WriteString("when", when.ToString());
        if (step.Sticky)
            json.WriteBoolean("sticky", true);
        if (step.AllowIdle)
            json.WriteBoolean("allow_idle", true);
        json.WriteString("do", step.Do);
        foreach ((string role, string name) in step.Tensors)
            json.WriteString(role, name);
        foreach (string member in GuardOperations.Of(step.Do).Members)
            WriteMember(json, member, step);
        json.WriteEndObject();
    }

    private static void WriteMember(Utf8JsonWriter json, string member, GuardStep step)
    {
        switch (member)
        {
            case "into" or "buffer" or "times" or "link":
                string? text = member switch { "into" => step.Into, "buffer" => step.Buffer, "times" => step.Times, _ => step.Link };
                if (text is not null)
                    json.WriteString(member, text);
                break;
            case "strength" or "low" or "high":
                float number = member switch { "strength" => step.Strength, "low" => step.Low, _ => step.High };
                if (float.IsFinite(number) && (member != "strength" || number != 1))
                    json.WriteNumber(member, number);
                break;
            case "unit" or "times_sign" or "mean" or "of_buffer":
                if (member switch { "unit" => step.Unit, "mean" => step.Mean, "of_buffer" => step.OfBuffer, _ => step.TimesSign })
                    json.WriteBoolean(member, true);
                break;
            case "keep" when step.Keep > 0:
                json.WriteNumber(member, step.Keep);
                break;
            case "class" when step.Class != 1:
                json.WriteNumber(member, step.Class);
                break;
            case "indices" when step.Indices.Length > 0:
                WriteWholes(json, member, step.Indices);
                break;
        }
    }

    private static void WritePositions(Utf8JsonWriter json, GuardPositions on)
    {
        foreach ((string name, GuardPositions positions) in GuardPositions.Named)
            if (positions == on)
            {
                json.WriteString("on", name);
                return;
            }
        PositionRule rule = on.Rule;
        json.WriteStartObject("on");
        json.WriteNumber("from", rule.First);
        if (rule.End != PositionRule.Unbounded)
            json.WriteNumber(rule.EndFromPromptEnd == 1 && rule.End >= 0 ? "to_generated" : "to", rule.End);
        if (rule.Every != 1)
            json.WriteNumber("every", rule.Every);
        json.WriteEndObject();
    }
}
