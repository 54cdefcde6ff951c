' Fills a worklist as an officer would, by the lists of choices in the cells, saves it, and where it is not locked saves it as ODS too.
' Tells of each sheet how it stands; of each answer its case, what was chosen, the note, and what is locked.
Sub FillForm(form As String, ods As String, told As String, passphrase As String)
  On Error Goto Failed
  Dim n As Integer, row As Long, column As Integer, number As Integer
  number = FreeFile
  Open told For Output As #number
  doc = StarDesktop.loadComponentFromURL(form, "_blank", 0, Array(Value("Hidden", True), Value("Password", passphrase)))
  For n = 0 To doc.Sheets.Count - 1
    page = doc.Sheets.getByIndex(n)
    caseColumn = -1
    For column = 0 To 20
      Select Case page.getCellByPosition(column, 3).String
        Case "ID KASUS": caseColumn = column
        Case "NAMA": nameColumn = column
        Case "HASIL": outcomeColumn = column
        Case "TANGGAL KUNJUNGAN", "TANGGAL": dayColumn = column
        Case "CATATAN": noteColumn = column
      End Select
    Next
    If caseColumn >= 0 And outcomeColumn >= 0 And page.IsVisible Then
      doc.CurrentController.setActiveSheet(page)
      Print #number, "sheet" & Chr(9) & page.Name & " protected " & page.isProtected() & " frozen " & _
        doc.CurrentController.SplitColumn & "," & doc.CurrentController.SplitRow
      row = 4
      Do While page.getCellByPosition(caseColumn, row).String <> ""
        cell = page.getCellByPosition(outcomeColumn, row)
        source = cell.Validation.getFormula1()
        choices = doc.Sheets.getByName("_pilihan").getCellRangeByName(Mid(source, InStr(source, ".") + 1))
        cell.String = choices.getCellByPosition(0, 1).String
        page.getCellByPosition(dayColumn, row).Value = DateSerial(2026, 11, 12)
        note = "dusun " & row & "; kata ""istri"", = 2"
        page.getCellByPosition(noteColumn, row).String = note
        Print #number, "answer" & Chr(9) & page.getCellByPosition(caseColumn, row).String & Chr(9) & cell.String & Chr(9) & note & _
          Chr(9) & "name locked " & page.getCellByPosition(nameColumn, row).CellProtection.IsLocked & _
          " outcome locked " & cell.CellProtection.IsLocked
        row = row + 1
      Loop
    End If
  Next
  doc.store()
  If passphrase = "" Then doc.storeToURL(ods, Array(Value("FilterName", "calc8")))
  doc.close(True)
  Print #number, "end"
  Close #number
  StarDesktop.terminate()
  Exit Sub
Failed:
  Print #number, "line " & Erl & ": " & Error
  Close #number
  StarDesktop.terminate()
End Sub

Function Value(name As String, content) As Object
  Dim one As New com.sun.star.beans.PropertyValue
  one.Name = name
  one.Value = content
  Value = one
End Function
