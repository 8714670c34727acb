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
        if (program.Head is { } head)
        {
            json.WriteStartObject("head");
            foreach ((string role, string? name) in new[] { ("weight", head.Weight), ("down", head.Down), ("up", head.Up) })
                if (name is not null)
                    json.WriteString(role, name);
            json.WriteEndObject();
        }
        json.WriteStartArray("steps");
        foreach (GuardStep step in program.Steps)
            Write(json, step);
        json.WriteEndArray();
        json.WriteEndObject();
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
            case "unit" or "times_sign":
                if (member == "unit" ? step.Unit : step.TimesSign)
                    json.WriteBoolean(member, true);
                break;
            case "keep" when step.Keep > 0:
                json.WriteNumber(member, step.Keep);
                break;
            case "class" when step.Class != 1:
                json.WriteNumber(member, step.Class);
                break;
            case "indices" when step.Indices.Length > 0:
                json.WriteStartArray(member);
                foreach (int index in step.Indices)
                    json.WriteNumberValue(index);
                json.WriteEndArray();
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
            json.WriteNumber("to", rule.End);
        if (rule.Every != 1)
            json.WriteNumber("every", rule.Every);
        json.WriteEndObject();
    }
}
