package challenge

import (
	"fmt"
	"strings"
)

// language is what the page says in one language. The workbook is always in English, as it is with the original.
type language struct {
	Code, Title, Start, Round, Reset, Submit, Download, Congratulations, Rate string
	Labels                                                                    [7]string
	Instructions                                                              []string
}

var languages = map[string]language{
	"EN": {
		Code: "en", Title: "Input forms", Start: "Start", Round: "Round %d", Reset: "Reset", Submit: "Submit", Download: "Download Excel",
		Congratulations: "Congratulations!", Rate: "Your success rate is %s%% ( %d out of %d fields) in %d milliseconds",
		Labels: [7]string{"First Name", "Last Name", "Company Name", "Role in Company", "Address", "Email", "Phone Number"},
		Instructions: []string{
			"Download the workbook: each of its ten rows is a person.",
			"Press Start. The clock runs until the tenth person is submitted.",
			"Enter one row a round into the form and submit it. The fields change places every time.",
			"Seventy values are compared with the workbook, to the letter.",
		},
	},
	"RO": {
		Code: "ro", Title: "Formulare", Start: "Start", Round: "Runda %d", Reset: "Resetează", Submit: "Trimite", Download: "Descarcă Excel",
		Congratulations: "Felicitări!", Rate: "Rata de succes este %s%% ( %d din %d câmpuri) în %d milisecunde",
		Labels: [7]string{"Prenume", "Nume", "Companie", "Rol în companie", "Adresă", "Email", "Număr de telefon"}, //nolint:misspell // it is Romanian
		Instructions: []string{
			"Descarcă fișierul: fiecare dintre cele zece rânduri este o persoană.",
			"Apasă Start. Cronometrul merge până la a zecea persoană.",
			"Introdu un rând pe rundă. Câmpurile își schimbă locul de fiecare dată.",
			"Șaptezeci de valori sunt comparate literă cu literă.",
		},
	},
	"JA": {
		Code: "ja", Title: "入力フォーム", Start: "開始", Round: "ラウンド %d", Reset: "リセット", Submit: "送信", Download: "Excelをダウンロード",
		Congratulations: "おめでとうございます！", Rate: "成功率は %s%% ( %d / %d フィールド)、時間は %d ミリ秒です",
		Labels: [7]string{"名", "姓", "会社名", "役職", "住所", "メール", "電話番号"},
		Instructions: []string{
			"ワークブックをダウンロードします。10行それぞれが1人です。",
			"「開始」を押します。10人目の送信まで時間を計ります。",
			"1ラウンドに1行を入力して送信します。項目の位置は毎回変わります。",
			"70個の値を一字一句比較します。",
		},
	},
}

// speak returns the language of a code, English if it is unknown.
func speak(code string) language {
	if l, ok := languages[strings.ToUpper(code)]; ok {
		return l
	}
	return languages["EN"]
}

// button returns what the start button says before a round, and after the last one.
func (l language) button(round int) string {
	switch {
	case round == 0:
		return l.Start
	case round > Rounds:
		return l.Reset
	}
	return fmt.Sprintf(l.Round, round)
}

// reworded are labels of variant g: other words for the same things.
var reworded = [7][]string{
	{"Given name", "Forename", "Name (first)"},
	{"Surname", "Family name", "Name (last)"},
	{"Organisation", "Employer", "Firm"},
	{"Position", "Job title", "Works as"},
	{"Street and number", "Postal address", "Where to write to"},
	{"E-mail address", "Mail", "Electronic mail"},
	{"Telephone", "Phone", "Contact number"},
}
