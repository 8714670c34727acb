using Managed.Loader;

namespace Managed.Tests.Loader;

/// <summary>A file is there complete or not at all.</summary>
public class AtomicFileTests
{
    private string folder = "";

    [SetUp]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("managed-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    private string At(string name) => Path.Combine(folder, name);

    [Test]
    public void A_file_appears_when_it_is_complete()
    {
        AtomicFile.Write(At("out.bin"), stream =>
        {
            Assert.That(At("out.bin"), Does.Not.Exist);
            stream.Write([1, 2, 3]);
        });
        Assert.That(File.ReadAllBytes(At("out.bin")), Is.EqualTo(new byte[] { 1, 2, 3 }));
        Assert.That(Directory.GetFiles(folder), Has.Length.EqualTo(1));
    }

    [Test]
    public void A_failure_leaves_the_old_file_as_it_was()
    {
        File.WriteAllText(At("out.bin"), "old");
        Assert.Throws<InvalidDataException>(() => AtomicFile.Write(At("out.bin"), stream =>
        {
            stream.Write([1, 2, 3]);
            throw new InvalidDataException("no");
        }));
        Assert.That(File.ReadAllText(At("out.bin")), Is.EqualTo("old"));
        Assert.That(Directory.GetFiles(folder), Has.Length.EqualTo(1));
    }

    [Test]
    public void An_interruption_discards_unfinished_files_and_folders()
    {
        Assert.Throws<FileNotFoundException>(() => AtomicFile.Write(At("out.bin"), stream =>
        {
            stream.Write([1, 2, 3]);
            string draft = At("a.part");
            using IDisposable tracked = UnfinishedFiles.Track(draft);
            Directory.CreateDirectory(draft);
            File.WriteAllText(Path.Combine(draft, "inside"), "half");
            UnfinishedFiles.Discard(); // a real interruption ends the process here
            Assert.That(Directory.GetFileSystemEntries(folder), Is.Empty);
        }));
        Assert.That(Directory.GetFileSystemEntries(folder), Is.Empty);
    }

    [Test]
    public void A_folder_that_does_not_exist_is_named() => Assert.That(
        Assert.Throws<IOException>(() => AtomicFile.Write(At("no/out.bin"), _ => { }))!.Message,
        Is.EqualTo($"{At("no/out.bin")} cannot be written: there is no folder {At("no")}."));

    [Test]
    public void A_folder_is_no_file_to_write() => Assert.That(
        Assert.Throws<IOException>(() => AtomicFile.Write(folder, _ => { }))!.Message, Does.StartWith($"{folder} is a folder"));

    [Test]
    public void A_folder_that_takes_no_files_says_so()
    {
        if (!Directory.Exists("/proc/self"))
            Assert.Ignore("skipped: needs /proc, a folder that nobody can write to, whoever runs the tests.");
        Assert.That(Assert.Throws<IOException>(() => AtomicFile.Write("/proc/self/out.bin", _ => { }))!.Message,
            Does.StartWith("/proc/self/out.bin cannot be written: the folder /proc/self "));
    }

    [Test]
    public void A_device_is_written_to_and_never_replaced()
    {
        if (!File.Exists("/dev/null"))
            Assert.Ignore("skipped: needs /dev/null.");
        AtomicFile.Write("/dev/null", stream => stream.Write([1, 2, 3]));
        Assert.That(new FileInfo("/dev/null").Length, Is.Zero);
        Assert.That(Directory.GetFiles("/dev", "null*"), Has.Length.EqualTo(1));
    }
}
