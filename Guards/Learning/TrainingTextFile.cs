using System.IO.Compression;
using System.Text.Json;

namespace Managed.Guards.Learning;

/// <summary>
/// Reads texts to train on, a JSON value a line: a list of [text, learn] pieces, each tokenised by itself;
/// {"prompt", "answer"}: a user's turn, and the answer is learned; {"text"} or a string, learned whole.
/// Files that end in .gz are unpacked.
/// </summary>
public static class TrainingTextFile
{
    /// <summary>Reads all texts.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">The model whose tokenizer and chat template are used.</param>
    /// <exception cref="GuardException">A line is none of the forms; says which.</exception>
    public static IReadOnlyList<TrainingText> Read(string path, LanguageModel model)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException(null, path);
        using Stream file = File.OpenRead(path);
        using Stream stream = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var reader = new StreamReader(stream);
        var texts = new List<TrainingText>();
        int number = 0;
        while (reader.ReadLine() is { } line)
        {
            number++;
            if (line.Length == 0)
                continue;
            try
            {
                using var row = JsonDocument.Parse(line);
                texts.Add(ReadRow(row.RootElement, model, $"{path}, line {number}"));
            }
            catch (JsonException failure)
            {
                throw new GuardException($"{path}, line {number}: found no JSON ({failure.Message}); expected a text to train on.", failure);
            }
        }
        return texts.Count > 0 ? texts : throw new GuardException($"{path}: found no texts; expected at least one.");
    }

    /// <summary>Prompts with answers that are to be learned, given to them in turn.</summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="answers">The answers.</param>
    /// <param name="model">The model whose tokenizer and chat template are used.</param>
    internal static IEnumerable<TrainingText> Answered(IReadOnlyList<Prompt> prompts, string[] answers, LanguageModel model) =>
        prompts.Select((prompt, i) => Answered(prompt.Encode(model), answers[i % answers.Length], model));

    /// <summary>The lines of a file that say anything.</summary>
    /// <exception cref="GuardException">There is none.</exception>
    internal static string[] Lines(string path)
    {
        string[] lines = [.. File.ReadLines(path).Where(line => line.Trim().Length > 0)];
        return lines.Length > 0 ? lines : throw new GuardException($"{path}: found no lines; expected an answer a line.");
    }

    private static TrainingText Answered(int[] prompt, string answer, LanguageModel model) => Pieces([
        (prompt, false),
        (model.Encode(answer, addSpecialTokens: false), true),
        ([.. model.EndTokens.Take(1)], true)]);

    private static TrainingText ReadRow(JsonElement row, LanguageModel model, string where)
    {
        switch (row.ValueKind)
        {
            case JsonValueKind.String:
                return new TrainingText(model.Encode(row.GetString()!));
            case JsonValueKind.Array when row.EnumerateArray().All(IsPiece):
                return Pieces([.. row.EnumerateArray().Select(piece => (model.Encode(piece[0].GetString()!, addSpecialTokens: false), piece[1].GetBoolean()))]);
            case JsonValueKind.Object when row.TryGetProperty("prompt", out JsonElement prompt) && row.TryGetProperty("answer", out JsonElement answer)
                && prompt.ValueKind == JsonValueKind.String && answer.ValueKind == JsonValueKind.String:
                return Answered(model.EncodeChat([new ChatMessage("user", prompt.GetString()!)]), answer.GetString()!, model);
            case JsonValueKind.Object when row.TryGetProperty("text", out JsonElement text) && text.ValueKind == JsonValueKind.String:
                return new TrainingText(model.Encode(text.GetString()!));
        }
        throw new GuardException($"{where}: found {row.ValueKind}; expected a string, a list of [text, learn], {{\"prompt\", \"answer\"}} or {{\"text\"}}.");
    }

    private static bool IsPiece(JsonElement piece) =>
        piece.ValueKind == JsonValueKind.Array && piece.GetArrayLength() == 2
        && piece[0].ValueKind == JsonValueKind.String && piece[1].ValueKind is JsonValueKind.True or JsonValueKind.False;

    private static TrainingText Pieces(IReadOnlyList<(int[] Ids, bool Learned)> pieces) => new(
        [.. pieces.SelectMany(piece => piece.Ids)], [.. pieces.SelectMany(piece => piece.Ids.Select(_ => piece.Learned))]);
}
